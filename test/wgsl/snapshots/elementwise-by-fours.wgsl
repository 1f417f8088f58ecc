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
  let t9 = t8 + 12582912.0f;
  let t10 = bitcast<vec4<i32>>(t9);
  let t11 = t10 << vec4<u32>(23u);
  let t12 = t11 + 1065353216;
  let t13 = bitcast<vec4<f32>>(t12);
  let t14 = t8 * 0.69314575f;
  let t15 = t6 - t14;
  let t16 = fma(t8, -(vec4<f32>(0.0000014286068f)), t15);
  let t17 = fma(vec4<f32>(0.0013872522f), t16, vec4<f32>(0.008366268f));
  let t18 = fma(t17, t16, vec4<f32>(0.041667413f));
  let t19 = fma(t18, t16, vec4<f32>(0.16666546f));
  let t20 = fma(t19, t16, vec4<f32>(0.49999997f));
  let t21 = fma(t20, t16, vec4<f32>(1.0f));
  let t22 = t16 * t21;
  let t23 = t13 - 1.0f;
  let t24 = fma(t13, t22, t23);
  let t25 = t24 + 2.0f;
  let t26 = t24 / t25;
  let t27 = abs(t26);
  let t28 = bitcast<vec4<i32>>(t27);
  let t29 = bitcast<vec4<i32>>(t2);
  let t30 = t29 & vec4<i32>(i32(-2147483648));
  let t31 = t28 | t30;
  let t32 = bitcast<vec4<f32>>(t31);
  let t33 = t32 + 1.0f;
  b2[(q0) >> 2u] = t33;
}
