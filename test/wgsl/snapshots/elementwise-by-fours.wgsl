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
  let t16 = t8 * 0.0000014286068f;
  let t17 = t15 - t16;
  let t18 = 0.0013872522f * t17;
  let t19 = t18 + 0.008366268f;
  let t20 = t19 * t17;
  let t21 = t20 + 0.041667413f;
  let t22 = t21 * t17;
  let t23 = t22 + 0.16666546f;
  let t24 = t23 * t17;
  let t25 = t24 + 0.49999997f;
  let t26 = t25 * t17;
  let t27 = t26 + 1.0f;
  let t28 = t17 * t27;
  let t29 = t13 * t28;
  let t30 = t13 - 1.0f;
  let t31 = t29 + t30;
  let t32 = t31 + 2.0f;
  let t33 = t31 / t32;
  let t34 = abs(t33);
  let t35 = bitcast<vec4<i32>>(t34);
  let t36 = bitcast<vec4<i32>>(t2);
  let t37 = t36 & vec4<i32>(i32(-2147483648));
  let t38 = t35 | t37;
  let t39 = bitcast<vec4<f32>>(t38);
  let t40 = t39 + 1.0f;
  b2[(q0) >> 2u] = t40;
}
