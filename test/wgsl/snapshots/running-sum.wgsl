// cumsum: 4 x 1 x 1 workgroups
@group(0) @binding(0) var<storage, read> b0: array<f32>;
@group(0) @binding(1) var<storage, read_write> b1: array<f32>;
var<workgroup> values: array<f32, 1152>;
var<workgroup> sums: array<f32, 256>;
@compute @workgroup_size(128)
fn main(@builtin(workgroup_id) wg: vec3u, @builtin(local_invocation_index) li: u32) {
  let t = i32(li);
  let g = i32(wg.x);
  let line = g / 1;
  let c = g % 1;
  let end = min(c * 1000 + 1000, 1000);
  let base = line * 1000;
  var carry: f32 = 0.0f;
  let own = t * 8;
  for (var first = c * 1000; first < end; first += 1024) {
    for (var n = t; n < 1024; n += 128) {
      let i = first + n;
      var x: f32 = 0.0f;
      if (i < end) { x = b0[base + i]; }
      values[n + n / 8] = x;
    }
    workgroupBarrier();
    var acc = values[own + own / 8];
    for (var e = own + 1; e < own + 8; e++) {
      let x = values[e + e / 8];
      let t0 = acc + x;
      acc = t0;
      values[e + e / 8] = acc;
    }
    sums[t] = acc;
    workgroupBarrier();
    var half = 0;
    for (var d = 1; d < 128; d *= 2) {
      var y = sums[half + t];
      if (t >= d) {
        let x = sums[half + t - d];
        let t1 = x + y;
        y = t1;
      }
      half = 128 - half;
      sums[half + t] = y;
      workgroupBarrier();
    }
    var before = carry;
    if (t > 0) {
      let x = sums[half + t - 1];
      let t2 = carry + x;
      before = t2;
    }
    for (var e = own; e < own + 8; e++) {
      let x = values[e + e / 8];
      let t3 = before + x;
      values[e + e / 8] = t3;
    }
    let all = sums[half + 127];
    let t4 = carry + all;
    carry = t4;
    workgroupBarrier();
    for (var n = t; n < 1024; n += 128) {
      let i = first + n;
      if (i < end) {
        let x = values[n + n / 8];
        b1[base + i] = x;
      }
    }
  }
}
