// gather: 1 x 1 x 1 workgroups
@group(0) @binding(0) var<storage, read> b0: array<i32>;
@group(0) @binding(1) var<storage, read> b1: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> b2: array<vec4<f32>>;
fn from_bits(b: u32) -> f32 { return bitcast<f32>(b); }
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = i32(id.x);
  if (p >= 16) { return; }
  let v0 = p >> 2u;
  let v1 = p & 3;
  let q0 = v1 * 4;
  let t0 = b0[v0];
  let t1 = t0 < 0;
  let t2 = t0 + 8;
  let t3 = select(t0, t2, t1);
  var t4 = vec4<f32>(from_bits(0x7fc00000u));
  if (u32(t3) < 8u) { t4 = b1[(t3 * 16 + q0) >> 2u]; }
  b2[(v0 * 16 + q0) >> 2u] = t4;
}
