// sum: 1 x 1 x 1 workgroups
@group(0) @binding(0) var<storage, read> b0: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> b1: array<vec4<f32>>;
var<workgroup> shared0: array<vec4<f32>, 256>;
@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let g = i32(group.x);
  let lane = i32(local >> 4u);
  let u = g * 16 + i32(local & 15u);
  let p = u;
  let v0 = p;
  let q0 = v0 * 4;
  var a0 = vec4<f32>(0.0f);
  for (var j0 = 0; j0 < 32; j0++) {
    let k0 = lane + j0 * 16;
    let v1 = k0;
    let t0 = b0[(q0 + v1 * 64) >> 2u];
    a0 = a0 + t0;
  }
  shared0[local] = a0;
  workgroupBarrier();
  if (lane < 4) {
    a0 = shared0[(lane) * 16 + i32(local & 15u)];
    for (var l0 = 1; l0 < 4; l0++) {
      let o0 = (lane + l0 * 4) * 16 + i32(local & 15u);
      let x0 = shared0[o0];
      a0 = a0 + x0;
    }
    shared0[(lane) * 16 + i32(local & 15u)] = a0;
  }
  workgroupBarrier();
  a0 = shared0[(0) * 16 + i32(local & 15u)];
  for (var l1 = 1; l1 < 4; l1++) {
    let o1 = (l1) * 16 + i32(local & 15u);
    let x1 = shared0[o1];
    a0 = a0 + x1;
  }
  if (lane == 0) {
    b1[(q0) >> 2u] = a0;
  }
}
