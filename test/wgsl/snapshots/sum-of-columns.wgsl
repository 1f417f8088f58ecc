// sum: 32 x 1 x 1 workgroups
@group(0) @binding(0) var<storage, read> b0: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> b1: array<u32>;
@compute @workgroup_size(16)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let g = i32(group.x);
  let part = g;
  let u = (g & 0) * 16 + i32(local);
  let p = u;
  let v0 = p;
  let q0 = v0 * 4;
  var a0 = vec4<f32>(0.0f);
  for (var j0 = 0; j0 < 16; j0++) {
    let k0 = (part * 16 + j0);
    let v1 = k0;
    let t0 = b0[(q0 + v1 * 64) >> 2u];
    a0 = a0 + t0;
  }
  b1[(0 + part) * 64 + p * 4 + 0] = bitcast<u32>(a0[0]);
  b1[(0 + part) * 64 + p * 4 + 1] = bitcast<u32>(a0[1]);
  b1[(0 + part) * 64 + p * 4 + 2] = bitcast<u32>(a0[2]);
  b1[(0 + part) * 64 + p * 4 + 3] = bitcast<u32>(a0[3]);
}

// sum_parts: 1 x 1 x 1 workgroups
@group(0) @binding(0) var<storage, read> b0: array<vec4<u32>>;
@group(0) @binding(1) var<storage, read_write> b1: array<vec4<f32>>;
var<workgroup> shared0: array<vec4<f32>, 64>;
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let g = i32(group.x);
  let lane = i32(local >> 4u);
  let u = g * 16 + i32(local & 15u);
  let p = u;
  let v0 = p;
  let q0 = v0 * 4;
  var a0 = vec4<f32>(0.0f);
  for (var j0 = 0; j0 < 8; j0++) {
    let k0 = lane + j0 * 4;
    let v1 = k0;
    let t0 = b0[(q0 + v1 * 64) >> 2u];
    let t1 = bitcast<vec4<f32>>(t0);
    a0 = a0 + t1;
  }
  shared0[local] = a0;
  workgroupBarrier();
  a0 = shared0[(0) * 16 + i32(local & 15u)];
  for (var l0 = 1; l0 < 4; l0++) {
    let o0 = (l0) * 16 + i32(local & 15u);
    let x0 = shared0[o0];
    a0 = a0 + x0;
  }
  if (lane == 0) {
    b1[(q0) >> 2u] = a0;
  }
}
