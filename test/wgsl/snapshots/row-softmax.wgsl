// max_exp_sum_div: 4 x 1 x 1 workgroups
@group(0) @binding(0) var<storage, read> b0: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> b1: array<vec4<f32>>;
var<workgroup> shared0: array<f32, 64>;
fn from_bits(b: u32) -> f32 { return bitcast<f32>(b); }
fn is_nanx4(x: vec4<f32>) -> vec4<bool> { return (bitcast<vec4<u32>>(x) & vec4<u32>(0x7fffffffu)) > vec4<u32>(0x7f800000u); }
fn max_f32x4(a: vec4<f32>, b: vec4<f32>) -> vec4<f32> { return select(select(max(a, b), b, is_nanx4(b)), a, is_nanx4(a)); }
fn is_nan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }
fn max_f32(a: f32, b: f32) -> f32 { return select(select(max(a, b), b, is_nan(b)), a, is_nan(a)); }
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let g = i32(group.x);
  let lane = i32(local & 15u);
  let u = g * 4 + i32(local >> 4u);
  let p = u;
  let v0 = p;
  var kept0: array<vec4<f32>, 2>;
  var a0 = vec4<f32>(from_bits(0xff800000u));
  for (var j0 = 0; j0 < 2; j0++) {
    let k0 = lane + j0 * 16;
    let v1 = k0;
    let q0 = v1 * 4;
    let t0 = b0[(v0 * 128 + q0) >> 2u];
    a0 = max_f32x4(a0, t0);
  }
  var a1 = f32(from_bits(0xff800000u));
  let a2 = max_f32(a0[0], a0[1]);
  let a3 = max_f32(a0[2], a0[3]);
  a1 = max_f32(a2, a3);
  shared0[local] = a1;
  workgroupBarrier();
  if (lane < 4) {
    a1 = shared0[i32(local / 16u) * 16 + lane];
    for (var l0 = 1; l0 < 4; l0++) {
      let o0 = i32(local / 16u) * 16 + lane + l0 * 4;
      let x0 = shared0[o0];
      a1 = max_f32(a1, x0);
    }
    shared0[i32(local / 16u) * 16 + lane] = a1;
  }
  workgroupBarrier();
  a1 = shared0[i32(local / 16u) * 16 + 0];
  for (var l1 = 1; l1 < 4; l1++) {
    let o1 = i32(local / 16u) * 16 + l1;
    let x1 = shared0[o1];
    a1 = max_f32(a1, x1);
  }
  var a4 = vec4<f32>(0.0f);
  for (var j1 = 0; j1 < 2; j1++) {
    let k1 = lane + j1 * 16;
    let v2 = k1;
    let q1 = v2 * 4;
    let t1 = b0[(v0 * 128 + q1) >> 2u];
    let t2 = t1 - a1;
    let t3 = t2 < vec4<f32>(-87.33654f);
    let t4 = t2 <= vec4<f32>(88.72283f);
    let t5 = t2 * 1.442695f;
    let t6 = round(t5);
    let t7 = fma(t6, -(vec4<f32>(0.69314575f)), t2);
    let t8 = fma(t6, -(vec4<f32>(0.0000014286068f)), t7);
    let t9 = fma(vec4<f32>(0.0082885325f), t8, vec4<f32>(0.041898467f));
    let t10 = fma(t9, t8, vec4<f32>(0.16667666f));
    let t11 = fma(t10, t8, vec4<f32>(0.49999148f));
    let t12 = fma(t11, t8, vec4<f32>(0.9999997f));
    let t13 = fma(t12, t8, vec4<f32>(1.0f));
    let t14 = bitcast<vec4<i32>>(t13);
    let t15 = t6 + 12582912.0f;
    let t16 = bitcast<vec4<i32>>(t15);
    let t17 = t16 << vec4<u32>(23u);
    let t18 = t14 + t17;
    let t19 = bitcast<vec4<f32>>(t18);
    let t20 = t2 * 3e+38f;
    let t21 = select(t20, t19, t4);
    let t22 = select(t21, vec4<f32>(0.0f), t3);
    a4 = a4 + t22;
    kept0[j1] = t22;
  }
  var a5 = f32(0.0f);
  let a6 = a4[0] + a4[1];
  let a7 = a4[2] + a4[3];
  a5 = a6 + a7;
  workgroupBarrier();
  shared0[local] = a5;
  workgroupBarrier();
  if (lane < 4) {
    a5 = shared0[i32(local / 16u) * 16 + lane];
    for (var l2 = 1; l2 < 4; l2++) {
      let o2 = i32(local / 16u) * 16 + lane + l2 * 4;
      let x2 = shared0[o2];
      a5 = a5 + x2;
    }
    shared0[i32(local / 16u) * 16 + lane] = a5;
  }
  workgroupBarrier();
  a5 = shared0[i32(local / 16u) * 16 + 0];
  for (var l3 = 1; l3 < 4; l3++) {
    let o3 = i32(local / 16u) * 16 + l3;
    let x3 = shared0[o3];
    a5 = a5 + x3;
  }
  for (var j2 = 0; j2 < 2; j2++) {
    let k2 = lane + j2 * 16;
    let v3 = k2;
    let q2 = v3 * 4;
    let t23 = kept0[j2];
    let t24 = t23 / a5;
    b1[(v0 * 128 + q2) >> 2u] = t24;
  }
}
