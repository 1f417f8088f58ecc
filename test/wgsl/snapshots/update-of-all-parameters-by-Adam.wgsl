// add_neg: 1 x 1 x 1 workgroups
@group(0) @binding(0) var<storage, read> b0: array<i32>;
@group(0) @binding(1) var<storage, read> b1: array<i32>;
@group(0) @binding(2) var<storage, read_write> b2: array<i32>;
@group(0) @binding(3) var<storage, read_write> b3: array<f32>;
@group(0) @binding(4) var<storage, read_write> b4: array<f32>;
@group(0) @binding(5) var<storage, read_write> b5: array<i32>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = i32(id.x);
  if (p >= 1) { return; }
  let t0 = b0[0];
  let t1 = t0 + 1;
  let t2 = f32(t1);
  let t3 = t2 * -0.0010005003f;
  let t4 = abs(t3);
  let t5 = t4 < 1.4901161e-8f;
  let t6 = t3 < -18.0f;
  let t7 = select(t3, -18.0f, t6);
  let t8 = t7 > 88.8f;
  let t9 = select(t7, 88.8f, t8);
  let t10 = t9 * 1.442695f;
  let t11 = round(t10);
  let t12 = t11 + 12583038.0f;
  let t13 = bitcast<i32>(t12);
  let t14 = t13 << 23u;
  let t15 = bitcast<f32>(t14);
  let t16 = fma(t11, -(0.69314575f), t9);
  let t17 = fma(t11, -(0.0000014286068f), t16);
  let t18 = fma(0.0013872522f, t17, 0.008366268f);
  let t19 = fma(t18, t17, 0.041667413f);
  let t20 = fma(t19, t17, 0.16666546f);
  let t21 = fma(t20, t17, 0.49999997f);
  let t22 = fma(t21, t17, 1.0f);
  let t23 = t17 * t22;
  let t24 = t15 - 0.5f;
  let t25 = fma(t15, t23, t24);
  let t26 = t25 * 2.0f;
  let t27 = select(t26, t3, t5);
  let t28 = -(t27);
  let t29 = t2 * -0.105360515f;
  let t30 = abs(t29);
  let t31 = t30 < 1.4901161e-8f;
  let t32 = t29 < -18.0f;
  let t33 = select(t29, -18.0f, t32);
  let t34 = t33 > 88.8f;
  let t35 = select(t33, 88.8f, t34);
  let t36 = t35 * 1.442695f;
  let t37 = round(t36);
  let t38 = t37 + 12583038.0f;
  let t39 = bitcast<i32>(t38);
  let t40 = t39 << 23u;
  let t41 = bitcast<f32>(t40);
  let t42 = fma(t37, -(0.69314575f), t35);
  let t43 = fma(t37, -(0.0000014286068f), t42);
  let t44 = fma(0.0013872522f, t43, 0.008366268f);
  let t45 = fma(t44, t43, 0.041667413f);
  let t46 = fma(t45, t43, 0.16666546f);
  let t47 = fma(t46, t43, 0.49999997f);
  let t48 = fma(t47, t43, 1.0f);
  let t49 = t43 * t48;
  let t50 = t41 - 0.5f;
  let t51 = fma(t41, t49, t50);
  let t52 = t51 * 2.0f;
  let t53 = select(t52, t29, t31);
  let t54 = -(t53);
  let t55 = b1[0];
  let t56 = t55 + 1;
  b2[0] = t1;
  b3[0] = t28;
  b4[0] = t54;
  b5[0] = t56;
}

// add: 5 x 1 x 1 workgroups
@group(0) @binding(0) var<storage, read> b0: array<f32>;
@group(0) @binding(1) var<storage, read> b1: array<f32>;
@group(0) @binding(2) var<storage, read> b2: array<f32>;
@group(0) @binding(3) var<storage, read_write> b3: array<f32>;
@group(0) @binding(4) var<storage, read_write> b4: array<f32>;
@group(0) @binding(5) var<storage, read> b5: array<f32>;
@group(0) @binding(6) var<storage, read> b6: array<f32>;
@group(0) @binding(7) var<storage, read> b7: array<f32>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = i32(id.x);
  if (p < 64) {
    let v0 = p;
    if (v0 < 10) {
      let t0 = b0[v0];
      let t1 = t0 * 0.9f;
      let t2 = b1[v0];
      let t3 = t2 * 0.1f;
      let t4 = t1 + t3;
      let t5 = b2[v0];
      let t6 = t5 * 0.999f;
      let t7 = t2 * t2;
      let t8 = t7 * 0.001f;
      let t9 = t6 + t8;
      b3[v0] = t4;
      b4[v0] = t9;
    }
  } else if (p < 320) {
    let v1 = p - 64;
    if (v1 < 200) {
      let t10 = b5[v1];
      let t11 = t10 * 0.9f;
      let t12 = b6[v1];
      let t13 = t12 * 0.1f;
      let t14 = t11 + t13;
      let t15 = b7[v1];
      let t16 = t15 * 0.999f;
      let t17 = t12 * t12;
      let t18 = t17 * 0.001f;
      let t19 = t16 + t18;
      b3[v1 + 64] = t14;
      b4[v1 + 64] = t19;
    }
  }
}

// add: 5 x 1 x 1 workgroups
@group(0) @binding(0) var<storage, read> b0: array<f32>;
@group(0) @binding(1) var<storage, read> b1: array<f32>;
@group(0) @binding(2) var<storage, read> b2: array<f32>;
@group(0) @binding(3) var<storage, read> b3: array<f32>;
@group(0) @binding(4) var<storage, read> b4: array<f32>;
@group(0) @binding(5) var<storage, read> b5: array<f32>;
@group(0) @binding(6) var<storage, read_write> b6: array<f32>;
@group(0) @binding(7) var<storage, read> b7: array<f32>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = i32(id.x);
  if (p < 64) {
    let v0 = p;
    if (v0 < 10) {
      let t0 = b0[v0];
      let t1 = b1[0];
      let t2 = t0 / t1;
      let t3 = b2[v0];
      let t4 = b3[0];
      let t5 = t3 / t4;
      let t6 = sqrt(t5);
      let t7 = t6 + 1e-8f;
      let t8 = t2 / t7;
      let t9 = b4[0];
      let t10 = -(t9);
      let t11 = b5[v0];
      let t12 = fma(t8, t10, t11);
      b6[v0] = t12;
    }
  } else if (p < 320) {
    let v1 = p - 64;
    if (v1 < 200) {
      let t13 = b0[v1 + 64];
      let t14 = b1[0];
      let t15 = t13 / t14;
      let t16 = b2[v1 + 64];
      let t17 = b3[0];
      let t18 = t16 / t17;
      let t19 = sqrt(t18);
      let t20 = t19 + 1e-8f;
      let t21 = t15 / t20;
      let t22 = b4[0];
      let t23 = -(t22);
      let t24 = b7[v1];
      let t25 = fma(t21, t23, t24);
      b6[v1 + 64] = t25;
    }
  }
}
