// sum_rsqrt_add: 4 x 1 x 1 workgroups
@group(0) @binding(0) var<storage, read> b0: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> b1: array<f32>;
@group(0) @binding(2) var<storage, read> b2: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> b3: array<f32>;
@group(0) @binding(4) var<storage, read_write> b4: array<vec4<f32>>;
var<workgroup> shared0: array<f32, 64>;
var<workgroup> shared1: array<f32, 64>;
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let g = i32(group.x);
  let lane = i32(local & 7u);
  let u = g * 8 + i32(local >> 3u);
  let p = u;
  let v0 = p;
  var a0 = vec4<f32>(0.0f);
  for (var j0 = 0; j0 < 2; j0++) {
    let k0 = lane + j0 * 8;
    let v1 = k0;
    let q0 = v1 * 4;
    let t0 = b0[(v0 * 64 + q0) >> 2u];
    a0 = a0 + t0;
  }
  var a1 = f32(0.0f);
  let a2 = a0[0] + a0[1];
  let a3 = a0[2] + a0[3];
  a1 = a2 + a3;
  shared0[local] = a1;
  workgroupBarrier();
  a1 = shared0[i32(local / 8u) * 8 + 0];
  for (var l0 = 1; l0 < 8; l0++) {
    let o0 = i32(local / 8u) * 8 + l0;
    let x0 = shared0[o0];
    a1 = a1 + x0;
  }
  if (lane == 0) {
    b1[v0] = a1;
  }
  var a4 = vec4<f32>(0.0f);
  var a5 = vec4<f32>(0.0f);
  for (var j1 = 0; j1 < 2; j1++) {
    let k1 = lane + j1 * 8;
    let v2 = k1;
    let q1 = v2 * 4;
    let t1 = b0[(v0 * 64 + q1) >> 2u];
    let t2 = a1 / 64.0f;
    let t3 = t1 - t2;
    let t4 = t3 * t3;
    let t5 = b2[(q1) >> 2u];
    let t6 = t1 * t5;
    let t7 = t3 * t6;
    a4 = a4 + t4;
    a5 = a5 + t7;
  }
  var a6 = f32(0.0f);
  let a7 = a4[0] + a4[1];
  let a8 = a4[2] + a4[3];
  a6 = a7 + a8;
  var a9 = f32(0.0f);
  let a10 = a5[0] + a5[1];
  let a11 = a5[2] + a5[3];
  a9 = a10 + a11;
  workgroupBarrier();
  shared0[local] = a6;
  shared1[local] = a9;
  workgroupBarrier();
  a6 = shared0[i32(local / 8u) * 8 + 0];
  a9 = shared1[i32(local / 8u) * 8 + 0];
  for (var l1 = 1; l1 < 8; l1++) {
    let o1 = i32(local / 8u) * 8 + l1;
    let x1 = shared0[o1];
    a6 = a6 + x1;
    let x2 = shared1[o1];
    a9 = a9 + x2;
  }
  if (lane == 0) {
    let t8 = a6 / 64.0f;
    let t9 = t8 + 0.00001f;
    let t10 = sqrt(t9);
    let t11 = 1.0f / t10;
    b3[v0] = t11;
  }
  for (var j2 = 0; j2 < 2; j2++) {
    let k2 = lane + j2 * 8;
    let v3 = k2;
    let q2 = v3 * 4;
    let t12 = b0[(v0 * 64 + q2) >> 2u];
    let t13 = b2[(q2) >> 2u];
    let t14 = t12 * t13;
    let t15 = a6 / 64.0f;
    let t16 = t15 + 0.00001f;
    let t17 = sqrt(t16);
    let t18 = 1.0f / t17;
    let t19 = t14 * t18;
    let t20 = t18 * -0.5f;
    let t21 = t20 / t16;
    let t22 = a9 * t21;
    let t23 = t22 / 64.0f;
    let t24 = a1 / 64.0f;
    let t25 = t12 - t24;
    let t26 = t25 * 2.0f;
    let t27 = t23 * t26;
    let t28 = t19 + t27;
    b4[(v0 * 64 + q2) >> 2u] = t28;
  }
}

// sum: 4 x 1 x 1 workgroups
@group(0) @binding(0) var<storage, read> b0: array<f32>;
@group(0) @binding(1) var<storage, read> b1: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> b2: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> b3: array<f32>;
@group(0) @binding(4) var<storage, read_write> b4: array<f32>;
var<workgroup> shared0: array<f32, 64>;
var<workgroup> shared1: array<f32, 64>;
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let g = i32(group.x);
  let lane = i32(local & 3u);
  let u = g * 16 + i32(local >> 2u);
  let p = u;
  let v0 = p;
  var a0 = vec4<f32>(0.0f);
  var a1 = vec4<f32>(0.0f);
  for (var j0 = 0; j0 < 2; j0++) {
    let k0 = lane + j0 * 4;
    let v1 = k0;
    let q0 = v1 * 4;
    let t0 = vec4<f32>(b0[v0 + q0 * 64], b0[v0 + (q0 + 1) * 64], b0[v0 + (q0 + 2) * 64], b0[v0 + (q0 + 3) * 64]);
    let t1 = b1[(q0) >> 2u];
    let t2 = t1 / 64.0f;
    let t3 = t0 - t2;
    let t4 = b2[(q0) >> 2u];
    let t5 = t3 * t4;
    let t6 = t5 * t0;
    a0 = a0 + t0;
    a1 = a1 + t6;
  }
  var a2 = f32(0.0f);
  let a3 = a0[0] + a0[1];
  let a4 = a0[2] + a0[3];
  a2 = a3 + a4;
  var a5 = f32(0.0f);
  let a6 = a1[0] + a1[1];
  let a7 = a1[2] + a1[3];
  a5 = a6 + a7;
  shared0[local] = a2;
  shared1[local] = a5;
  workgroupBarrier();
  a2 = shared0[i32(local / 4u) * 4 + 0];
  a5 = shared1[i32(local / 4u) * 4 + 0];
  for (var l0 = 1; l0 < 4; l0++) {
    let o0 = i32(local / 4u) * 4 + l0;
    let x0 = shared0[o0];
    a2 = a2 + x0;
    let x1 = shared1[o0];
    a5 = a5 + x1;
  }
  if (lane == 0) {
    b3[v0] = a2;
    b4[v0] = a5;
  }
}

// add: 8 x 1 x 1 workgroups
@group(0) @binding(0) var<storage, read> b0: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> b1: array<f32>;
@group(0) @binding(2) var<storage, read> b2: array<f32>;
@group(0) @binding(3) var<storage, read> b3: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> b4: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read> b5: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read_write> b6: array<vec4<f32>>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = i32(id.x);
  if (p >= 512) { return; }
  let v0 = p >> 4u;
  let v1 = p & 15;
  let q0 = v1 * 4;
  let t0 = b0[(v0 * 64 + q0) >> 2u];
  let t1 = b1[v0];
  let t2 = t1 / 64.0f;
  let t3 = t0 - t2;
  let t4 = b2[v0];
  let t5 = t3 * t4;
  let t6 = b3[(q0) >> 2u];
  let t7 = b4[(q0) >> 2u];
  let t8 = fma(t5, t6, t7);
  let t9 = b5[(v0 * 64 + q0) >> 2u];
  let t10 = t8 + t9;
  b6[(v0 * 64 + q0) >> 2u] = t10;
}

// sum_add: 4 x 1 x 1 workgroups
@group(0) @binding(0) var<storage, read> b0: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> b1: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> b2: array<vec4<f32>>;
var<workgroup> shared0: array<f32, 64>;
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let g = i32(group.x);
  let lane = i32(local & 7u);
  let u = g * 8 + i32(local >> 3u);
  let p = u;
  let v0 = p;
  var a0 = vec4<f32>(0.0f);
  for (var j0 = 0; j0 < 2; j0++) {
    let k0 = lane + j0 * 8;
    let v1 = k0;
    let q0 = v1 * 4;
    let t0 = b0[(v0 * 64 + q0) >> 2u];
    let t1 = -(t0);
    a0 = a0 + t1;
  }
  var a1 = f32(0.0f);
  let a2 = a0[0] + a0[1];
  let a3 = a0[2] + a0[3];
  a1 = a2 + a3;
  shared0[local] = a1;
  workgroupBarrier();
  a1 = shared0[i32(local / 8u) * 8 + 0];
  for (var l0 = 1; l0 < 8; l0++) {
    let o0 = i32(local / 8u) * 8 + l0;
    let x0 = shared0[o0];
    a1 = a1 + x0;
  }
  for (var j1 = 0; j1 < 2; j1++) {
    let k1 = lane + j1 * 8;
    let v2 = k1;
    let q1 = v2 * 4;
    let t2 = b1[(v0 * 64 + q1) >> 2u];
    let t3 = a1 / 64.0f;
    let t4 = t2 + t3;
    b2[(v0 * 64 + q1) >> 2u] = t4;
  }
}
