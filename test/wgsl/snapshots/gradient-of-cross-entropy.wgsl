// max_exp_sum: 1 x 1 x 1 workgroups
@group(0) @binding(0) var<storage, read> b0: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> b1: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> b2: array<f32>;
fn from_bits(b: u32) -> f32 { return bitcast<f32>(b); }
fn is_nanx4(x: vec4<f32>) -> vec4<bool> { return (bitcast<vec4<u32>>(x) & vec4<u32>(0x7fffffffu)) > vec4<u32>(0x7f800000u); }
fn max_f32x4(a: vec4<f32>, b: vec4<f32>) -> vec4<f32> { return select(select(max(a, b), b, is_nanx4(b)), a, is_nanx4(a)); }
fn is_nan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }
fn max_f32(a: f32, b: f32) -> f32 { return select(select(max(a, b), b, is_nan(b)), a, is_nan(a)); }
@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let g = i32(group.x);
  let u = g * 8 + i32(local);
  let p = u;
  let v0 = p;
  var a0 = vec4<f32>(from_bits(0xff800000u));
  for (var j0 = 0; j0 < 1; j0++) {
    let k0 = j0;
    let t0 = b0[(v0 * 4 + 0) >> 2u];
    a0 = max_f32x4(a0, t0);
  }
  var a1 = f32(from_bits(0xff800000u));
  let a2 = max_f32(a0[0], a0[1]);
  let a3 = max_f32(a0[2], a0[3]);
  a1 = max_f32(a2, a3);
  var a4 = vec4<f32>(0.0f);
  for (var j1 = 0; j1 < 1; j1++) {
    let k1 = j1;
    let t1 = b0[(v0 * 4 + 0) >> 2u];
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
    b1[(v0 * 4 + 0) >> 2u] = t22;
  }
  var a5 = f32(0.0f);
  let a6 = a4[0] + a4[1];
  let a7 = a4[2] + a4[3];
  a5 = a6 + a7;
  b2[v0] = a5;
}

// sum_add: 1 x 1 x 1 workgroups
@group(0) @binding(0) var<storage, read> b0: array<vec4<i32>>;
@group(0) @binding(1) var<storage, read> b1: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> b2: array<f32>;
@group(0) @binding(3) var<storage, read_write> b3: array<f32>;
@compute @workgroup_size(2)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let g = i32(group.x);
  let u = g * 2 + i32(local);
  let p = u;
  let v0 = p;
  let q0 = v0 * 4;
  var a0 = vec4<f32>(0.0f);
  for (var j0 = 0; j0 < 4; j0++) {
    let k0 = j0;
    let v1 = k0;
    let t0 = b0[(q0) >> 2u];
    let t1 = v1;
    let t2 = t0 == vec4<i32>(t1);
    let t3 = select(vec4<f32>(0.0f), vec4<f32>(-0.125f), t2);
    let t4 = -(t3);
    a0 = a0 + t4;
  }
  for (var j1 = 0; j1 < 4; j1++) {
    let k1 = j1;
    let v2 = k1;
    let t5 = b1[(q0) >> 2u];
    let t6 = a0 / t5;
    let t7 = vec4<f32>(b2[q0 * 4 + v2], b2[(q0 + 1) * 4 + v2], b2[(q0 + 2) * 4 + v2], b2[(q0 + 3) * 4 + v2]);
    let t8 = b0[(q0) >> 2u];
    let t9 = v2;
    let t10 = t8 == vec4<i32>(t9);
    let t11 = select(vec4<f32>(0.0f), vec4<f32>(-0.125f), t10);
    let t12 = fma(t6, t7, t11);
    let w0 = t12;
    b3[q0 * 4 + v2] = w0[0];
    b3[(q0 + 1) * 4 + v2] = w0[1];
    b3[(q0 + 2) * 4 + v2] = w0[2];
    b3[(q0 + 3) * 4 + v2] = w0[3];
  }
}
