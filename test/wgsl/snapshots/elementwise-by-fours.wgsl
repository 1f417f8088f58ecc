// add: 8 x 1 x 1 workgroups
@group(0) @binding(0) var<storage, read> b0: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> b1: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> b2: array<vec4<f32>>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = i32(id.x);
  if (p >= 512) { return; }
  let v0 = p;
  let q0 = v0 * 4;
  let t0 = b0[(q0) >> 2u];
  let t1 = b1[(q0) >> 2u];
  let t2 = t0 * t1;
  let t3 = abs(t2);
  let t4 = t3 > vec4<f32>(9.1f);
  let t5 = select(t3, vec4<f32>(9.1f), t4);
  let t6 = t5 * -2.0f;
  let t7 = t6 * 1.442695f;
  let t8 = round(t7);
  let t9 = t8 + 12583039.0f;
  let t10 = bitcast<vec4<i32>>(t9);
  let t11 = t10 << vec4<u32>(23u);
  let t12 = bitcast<vec4<f32>>(t11);
  let t13 = t8 * 0.6931472f;
  let t14 = t6 - t13;
  let t15 = fma(vec4<f32>(0.0013872522f), t14, vec4<f32>(0.008366268f));
  let t16 = fma(t15, t14, vec4<f32>(0.041667413f));
  let t17 = fma(t16, t14, vec4<f32>(0.16666546f));
  let t18 = fma(t17, t14, vec4<f32>(0.49999997f));
  let t19 = fma(t18, t14, vec4<f32>(1.0f));
  let t20 = t14 * t19;
  let t21 = t12 - 1.0f;
  let t22 = fma(t12, t20, t21);
  let t23 = t22 + 2.0f;
  let t24 = t22 / t23;
  let t25 = abs(t24);
  let t26 = bitcast<vec4<i32>>(t25);
  let t27 = bitcast<vec4<i32>>(t2);
  let t28 = t27 & vec4<i32>(i32(-2147483648));
  let t29 = t26 | t28;
  let t30 = bitcast<vec4<f32>>(t29);
  let t31 = t30 + 1.0f;
  b2[(q0) >> 2u] = t31;
}
