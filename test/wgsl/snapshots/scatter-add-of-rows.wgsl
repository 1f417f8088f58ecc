// scatter_init: 1 x 1 x 1 workgroups
@group(0) @binding(0) var<storage, read_write> b0: array<vec4<f32>>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = i32(id.x);
  if (p >= 32) { return; }
  let v0 = p;
  let q0 = v0 * 4;
  b0[(q0) >> 2u] = vec4<f32>(0.0f);
}

// scatter: 1 x 1 x 1 workgroups
@group(0) @binding(0) var<storage, read> b0: array<i32>;
@group(0) @binding(1) var<storage, read> b1: array<f32>;
@group(0) @binding(2) var<storage, read_write> b2: array<f32>;
fn from_bits(b: u32) -> f32 { return bitcast<f32>(b); }
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = i32(id.x);
  if (p >= 16) { return; }
  let v0 = p;
  for (var i0 = 0; i0 < 4; i0++) {
    let t0 = b0[i0];
    let t1 = t0 < 0;
    let t2 = t0 + 8;
    let t3 = select(t0, t2, t1);
    if (u32(t3) < 8u) {
      var t4 = from_bits(0x7fc00000u);
      if (u32(t3) < 8u) { t4 = b1[t3 * 16 + v0]; }
      let t5 = t4 * 2.0f;
      let t6 = t3 * 16 + v0;
      b2[t6] = b2[t6] + t5;
    }
  }
}
