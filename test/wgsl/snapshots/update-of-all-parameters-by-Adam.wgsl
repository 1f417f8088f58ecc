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
  let t12 = t11 + 12582912.0f;
  let t13 = bitcast<i32>(t12);
  let t14 = t13 << 23u;
  let t15 = t14 + 1056964608;
  let t16 = bitcast<f32>(t15);
  let t17 = t11 * 0.69314575f;
  let t18 = t9 - t17;
  let t19 = t11 * 0.0000014286068f;
  let t20 = t18 - t19;
  let t21 = 0.0013872522f * t20;
  let t22 = t21 + 0.008366268f;
  let t23 = t22 * t20;
  let t24 = t23 + 0.041667413f;
  let t25 = t24 * t20;
  let t26 = t25 + 0.16666546f;
  let t27 = t26 * t20;
  let t28 = t27 + 0.49999997f;
  let t29 = t28 * t20;
  let t30 = t29 + 1.0f;
  let t31 = t20 * t30;
  let t32 = t16 * t31;
  let t33 = t16 - 0.5f;
  let t34 = t32 + t33;
  let t35 = t34 * 2.0f;
  let t36 = select(t35, t3, t5);
  let t37 = -(t36);
  let t38 = t2 * -0.105360515f;
  let t39 = abs(t38);
  let t40 = t39 < 1.4901161e-8f;
  let t41 = t38 < -18.0f;
  let t42 = select(t38, -18.0f, t41);
  let t43 = t42 > 88.8f;
  let t44 = select(t42, 88.8f, t43);
  let t45 = t44 * 1.442695f;
  let t46 = round(t45);
  let t47 = t46 + 12582912.0f;
  let t48 = bitcast<i32>(t47);
  let t49 = t48 << 23u;
  let t50 = t49 + 1056964608;
  let t51 = bitcast<f32>(t50);
  let t52 = t46 * 0.69314575f;
  let t53 = t44 - t52;
  let t54 = t46 * 0.0000014286068f;
  let t55 = t53 - t54;
  let t56 = 0.0013872522f * t55;
  let t57 = t56 + 0.008366268f;
  let t58 = t57 * t55;
  let t59 = t58 + 0.041667413f;
  let t60 = t59 * t55;
  let t61 = t60 + 0.16666546f;
  let t62 = t61 * t55;
  let t63 = t62 + 0.49999997f;
  let t64 = t63 * t55;
  let t65 = t64 + 1.0f;
  let t66 = t55 * t65;
  let t67 = t51 * t66;
  let t68 = t51 - 0.5f;
  let t69 = t67 + t68;
  let t70 = t69 * 2.0f;
  let t71 = select(t70, t38, t40);
  let t72 = -(t71);
  let t73 = b1[0];
  let t74 = t73 + 1;
  b2[0] = t1;
  b3[0] = t37;
  b4[0] = t72;
  b5[0] = t74;
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
      let t1 = b1[v0];
      let t2 = b2[0];
      let t3 = t1 / t2;
      let t4 = b3[v0];
      let t5 = b4[0];
      let t6 = t4 / t5;
      let t7 = sqrt(t6);
      let t8 = t7 + 1e-8f;
      let t9 = t3 / t8;
      let t10 = b5[0];
      let t11 = -(t10);
      let t12 = t9 * t11;
      let t13 = t0 + t12;
      b6[v0] = t13;
    }
  } else if (p < 320) {
    let v1 = p - 64;
    if (v1 < 200) {
      let t14 = b7[v1];
      let t15 = b1[v1 + 64];
      let t16 = b2[0];
      let t17 = t15 / t16;
      let t18 = b3[v1 + 64];
      let t19 = b4[0];
      let t20 = t18 / t19;
      let t21 = sqrt(t20);
      let t22 = t21 + 1e-8f;
      let t23 = t17 / t22;
      let t24 = b5[0];
      let t25 = -(t24);
      let t26 = t23 * t25;
      let t27 = t14 + t26;
      b6[v1 + 64] = t27;
    }
  }
}
