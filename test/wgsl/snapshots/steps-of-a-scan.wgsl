// carry: 1 x 1 x 1 workgroups
@group(0) @binding(0) var<storage, read> b0: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> b1: array<vec4<f32>>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = i32(id.x);
  if (p >= 2) { return; }
  let v0 = p;
  let q0 = v0 * 4;
  let t0 = b0[(q0) >> 2u];
  b1[(q0) >> 2u] = t0;
}

// dotGeneral_tanh: 1 x 1 x 1 workgroups
@group(0) @binding(0) var<storage, read> b0: array<f32>;
@group(0) @binding(1) var<storage, read> b1: array<f32>;
@group(0) @binding(2) var<storage, read> b2: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> b3: array<vec4<f32>>;
@group(1) @binding(0) var<uniform> s0_0: i32;
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) index: u32) {
  let g = i32(group.x);
  let lane = i32(index);
  let own = g * 64 + lane;
  let p = min(own, 1);
  let at0 = p * 4;
  var acc0 = vec4<f32>();
  for (var k0 = 0; k0 < 8; k0 += 1) {
    var lhs0: vec4<f32>;
     {
      let t0 = vec4<f32>(b0[at0 * 8 + k0], b0[(at0 + 1) * 8 + k0], b0[(at0 + 2) * 8 + k0], b0[(at0 + 3) * 8 + k0]);
      lhs0 = t0;
    }
    var rhs0: vec4<f32>;
     {
      let t1 = b1[k0];
      rhs0 = vec4<f32>(t1);
    }
    acc0 = fma(lhs0, rhs0, acc0);
  }
  if (own < 2) {
    let sum = acc0;
    let t2 = b2[(s0_0 * 8 + at0) >> 2u];
    let t3 = sum + t2;
    let t4 = abs(t3);
    let t5 = t4 > vec4<f32>(9.1f);
    let t6 = select(t4, vec4<f32>(9.1f), t5);
    let t7 = t6 * -2.0f;
    let t8 = t7 * 1.442695f;
    let t9 = round(t8);
    let t10 = t9 + 12583039.0f;
    let t11 = bitcast<vec4<i32>>(t10);
    let t12 = t11 << vec4<u32>(23u);
    let t13 = bitcast<vec4<f32>>(t12);
    let t14 = t9 * 0.6931472f;
    let t15 = t7 - t14;
    let t16 = fma(vec4<f32>(0.0013872522f), t15, vec4<f32>(0.008366268f));
    let t17 = fma(t16, t15, vec4<f32>(0.041667413f));
    let t18 = fma(t17, t15, vec4<f32>(0.16666546f));
    let t19 = fma(t18, t15, vec4<f32>(0.49999997f));
    let t20 = fma(t19, t15, vec4<f32>(1.0f));
    let t21 = t15 * t20;
    let t22 = t13 - 1.0f;
    let t23 = fma(t13, t21, t22);
    let t24 = t23 + 2.0f;
    let t25 = t23 / t24;
    let t26 = abs(t25);
    let t27 = bitcast<vec4<i32>>(t26);
    let t28 = bitcast<vec4<i32>>(t3);
    let t29 = t28 & vec4<i32>(i32(-2147483648));
    let t30 = t27 | t29;
    let t31 = bitcast<vec4<f32>>(t30);
    b3[(at0) >> 2u] = t31;
  }
}

// sum: 1 x 1 x 1 workgroups
@group(0) @binding(0) var<storage, read> b0: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> b1: array<f32>;
@group(1) @binding(0) var<uniform> s0_0: i32;
@compute @workgroup_size(1)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let g = i32(group.x);
  let u = g;
  let p = u;
  var a0 = vec4<f32>(0.0f);
  for (var j0 = 0; j0 < 2; j0++) {
    let k0 = j0;
    let v0 = k0;
    let q0 = v0 * 4;
    let t0 = b0[(q0) >> 2u];
    a0 = a0 + t0;
  }
  var a1 = f32(0.0f);
  let a2 = a0[0] + a0[1];
  let a3 = a0[2] + a0[3];
  a1 = a2 + a3;
  b1[s0_0] = a1;
}
