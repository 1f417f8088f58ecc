// convert: 1 x 1 x 1 workgroups
@group(0) @binding(0) var<storage, read> b0: array<u32>;
@group(0) @binding(1) var<storage, read_write> b1: array<i32>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = i32(id.x);
  if (p >= 1) { return; }
  let t0 = b0[0] != 0u;
  let t1 = i32(t0);
  b1[0] = t1;
}

// cond_choose: 1 x 1 x 1 workgroups
@group(0) @binding(0) var<storage, read> b0: array<i32>;
@group(0) @binding(1) var<storage, read_write> b1: array<u32>;
const full = array<u32, 8>(1u, 1u, 1u, 1u, 1u, 1u, 1u, 1u);
const owner = array<i32, 8>(0, 1, 0, 0, 0, 1, 1, 1);
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = i32(id.x);
  if (p >= 8) { return; }
  let chosen = clamp(b0[0], 0, 1);
  b1[p] = select(0u, full[p], chosen == owner[p]);
}

// sort: 1 x 1 x 1 workgroups
@group(0) @binding(0) var<storage, read> b0: array<f32>;
@group(0) @binding(1) var<storage, read_write> b1: array<f32>;
var<workgroup> keys: array<u32, 64>;
var<workgroup> origin: array<i32, 64>;
fn taken(a: i32, na: i32, b: i32, nb: i32, d: i32) -> i32 {
  var lo = max(0, d - nb);
  var hi = min(d, na);
  while (lo < hi) {
    let mid = (lo + hi) / 2;
    if (keys[a + mid] <= keys[b + d - 1 - mid]) { lo = mid + 1; } else { hi = mid; }
  }
  return lo;
}
fn key(x: f32) -> u32 { let b = bitcast<u32>(x); let m = b & 0x7fffffffu; if (m > 0x7f800000u) { return 0xffffffffu; } let k = select(b ^ select(0x80000000u, 0xffffffffu, b > 0x7fffffffu), 0x80000000u, m == 0u); return k; }
@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) wg: vec3u, @builtin(local_invocation_index) li: u32) {
  let t = i32(li);
  let g = i32(wg.x);
  for (var n = t; n < 64; n += 8) {
    let row = g * 1 + n / 64;
    let i = n % 64;
    let slot = n;
    var k = 0xffffffffu;
    k = key(b0[row * 64 + i]);
    keys[slot] = k;
    origin[slot] = i;
  }
  workgroupBarrier();
  let own = t * 8;
  var k0 = keys[own + 0]; var f0 = origin[own + 0];
  var k1 = keys[own + 1]; var f1 = origin[own + 1];
  var k2 = keys[own + 2]; var f2 = origin[own + 2];
  var k3 = keys[own + 3]; var f3 = origin[own + 3];
  var k4 = keys[own + 4]; var f4 = origin[own + 4];
  var k5 = keys[own + 5]; var f5 = origin[own + 5];
  var k6 = keys[own + 6]; var f6 = origin[own + 6];
  var k7 = keys[own + 7]; var f7 = origin[own + 7];
  if (k0 > k1) { let k = k0; k0 = k1; k1 = k; let f = f0; f0 = f1; f1 = f; }
  if (k2 > k3) { let k = k2; k2 = k3; k3 = k; let f = f2; f2 = f3; f3 = f; }
  if (k4 > k5) { let k = k4; k4 = k5; k5 = k; let f = f4; f4 = f5; f5 = f; }
  if (k6 > k7) { let k = k6; k6 = k7; k7 = k; let f = f6; f6 = f7; f7 = f; }
  if (k1 > k2) { let k = k1; k1 = k2; k2 = k; let f = f1; f1 = f2; f2 = f; }
  if (k3 > k4) { let k = k3; k3 = k4; k4 = k; let f = f3; f3 = f4; f4 = f; }
  if (k5 > k6) { let k = k5; k5 = k6; k6 = k; let f = f5; f5 = f6; f6 = f; }
  if (k0 > k1) { let k = k0; k0 = k1; k1 = k; let f = f0; f0 = f1; f1 = f; }
  if (k2 > k3) { let k = k2; k2 = k3; k3 = k; let f = f2; f2 = f3; f3 = f; }
  if (k4 > k5) { let k = k4; k4 = k5; k5 = k; let f = f4; f4 = f5; f5 = f; }
  if (k6 > k7) { let k = k6; k6 = k7; k7 = k; let f = f6; f6 = f7; f7 = f; }
  if (k1 > k2) { let k = k1; k1 = k2; k2 = k; let f = f1; f1 = f2; f2 = f; }
  if (k3 > k4) { let k = k3; k3 = k4; k4 = k; let f = f3; f3 = f4; f4 = f; }
  if (k5 > k6) { let k = k5; k5 = k6; k6 = k; let f = f5; f5 = f6; f6 = f; }
  if (k0 > k1) { let k = k0; k0 = k1; k1 = k; let f = f0; f0 = f1; f1 = f; }
  if (k2 > k3) { let k = k2; k2 = k3; k3 = k; let f = f2; f2 = f3; f3 = f; }
  if (k4 > k5) { let k = k4; k4 = k5; k5 = k; let f = f4; f4 = f5; f5 = f; }
  if (k6 > k7) { let k = k6; k6 = k7; k7 = k; let f = f6; f6 = f7; f7 = f; }
  if (k1 > k2) { let k = k1; k1 = k2; k2 = k; let f = f1; f1 = f2; f2 = f; }
  if (k3 > k4) { let k = k3; k3 = k4; k4 = k; let f = f3; f3 = f4; f4 = f; }
  if (k5 > k6) { let k = k5; k5 = k6; k6 = k; let f = f5; f5 = f6; f6 = f; }
  if (k0 > k1) { let k = k0; k0 = k1; k1 = k; let f = f0; f0 = f1; f1 = f; }
  if (k2 > k3) { let k = k2; k2 = k3; k3 = k; let f = f2; f2 = f3; f3 = f; }
  if (k4 > k5) { let k = k4; k4 = k5; k5 = k; let f = f4; f4 = f5; f5 = f; }
  if (k6 > k7) { let k = k6; k6 = k7; k7 = k; let f = f6; f6 = f7; f7 = f; }
  if (k1 > k2) { let k = k1; k1 = k2; k2 = k; let f = f1; f1 = f2; f2 = f; }
  if (k3 > k4) { let k = k3; k3 = k4; k4 = k; let f = f3; f3 = f4; f4 = f; }
  if (k5 > k6) { let k = k5; k5 = k6; k6 = k; let f = f5; f5 = f6; f6 = f; }
  keys[own + 0] = k0; origin[own + 0] = f0;
  keys[own + 1] = k1; origin[own + 1] = f1;
  keys[own + 2] = k2; origin[own + 2] = f2;
  keys[own + 3] = k3; origin[own + 3] = f3;
  keys[own + 4] = k4; origin[own + 4] = f4;
  keys[own + 5] = k5; origin[own + 5] = f5;
  keys[own + 6] = k6; origin[own + 6] = f6;
  keys[own + 7] = k7; origin[own + 7] = f7;
  workgroupBarrier();
  for (var w = 8; w < 64; w *= 2) {
    let a = own & ~(2 * w - 1);
    var x = taken(a, w, (a + w), w, (own - a));
    var y = (own - a) - x;
    var p = a + x;
    var q = min((a + w) + y, 63);
    var kp = keys[p];
    var kq = keys[q];
    let c0 = x < w && (y >= w || kp <= kq);
    let k0 = select(kq, kp, c0);
    let f0 = origin[select(q, p, c0)];
    if (c0) { x++; p = min(p + 1, 63); kp = keys[p]; } else { y++; q = min(q + 1, 63); kq = keys[q]; }
    let c1 = x < w && (y >= w || kp <= kq);
    let k1 = select(kq, kp, c1);
    let f1 = origin[select(q, p, c1)];
    if (c1) { x++; p = min(p + 1, 63); kp = keys[p]; } else { y++; q = min(q + 1, 63); kq = keys[q]; }
    let c2 = x < w && (y >= w || kp <= kq);
    let k2 = select(kq, kp, c2);
    let f2 = origin[select(q, p, c2)];
    if (c2) { x++; p = min(p + 1, 63); kp = keys[p]; } else { y++; q = min(q + 1, 63); kq = keys[q]; }
    let c3 = x < w && (y >= w || kp <= kq);
    let k3 = select(kq, kp, c3);
    let f3 = origin[select(q, p, c3)];
    if (c3) { x++; p = min(p + 1, 63); kp = keys[p]; } else { y++; q = min(q + 1, 63); kq = keys[q]; }
    let c4 = x < w && (y >= w || kp <= kq);
    let k4 = select(kq, kp, c4);
    let f4 = origin[select(q, p, c4)];
    if (c4) { x++; p = min(p + 1, 63); kp = keys[p]; } else { y++; q = min(q + 1, 63); kq = keys[q]; }
    let c5 = x < w && (y >= w || kp <= kq);
    let k5 = select(kq, kp, c5);
    let f5 = origin[select(q, p, c5)];
    if (c5) { x++; p = min(p + 1, 63); kp = keys[p]; } else { y++; q = min(q + 1, 63); kq = keys[q]; }
    let c6 = x < w && (y >= w || kp <= kq);
    let k6 = select(kq, kp, c6);
    let f6 = origin[select(q, p, c6)];
    if (c6) { x++; p = min(p + 1, 63); kp = keys[p]; } else { y++; q = min(q + 1, 63); kq = keys[q]; }
    let c7 = x < w && (y >= w || kp <= kq);
    let k7 = select(kq, kp, c7);
    let f7 = origin[select(q, p, c7)];
    workgroupBarrier();
    keys[own + 0] = k0; origin[own + 0] = f0;
    keys[own + 1] = k1; origin[own + 1] = f1;
    keys[own + 2] = k2; origin[own + 2] = f2;
    keys[own + 3] = k3; origin[own + 3] = f3;
    keys[own + 4] = k4; origin[own + 4] = f4;
    keys[own + 5] = k5; origin[own + 5] = f5;
    keys[own + 6] = k6; origin[own + 6] = f6;
    keys[own + 7] = k7; origin[own + 7] = f7;
    workgroupBarrier();
  }
  for (var n = t; n < 64; n += 8) {
    let row = g * 1 + n / 64;
    let i = n % 64;
    let slot = n;
    let e = origin[slot];
    b1[row * 64 + i] = b0[row * 64 + e];
  }
}

// mul: 1 x 1 x 1 workgroups
@group(0) @binding(0) var<storage, read> b0: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> b1: array<vec4<f32>>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = i32(id.x);
  if (p >= 16) { return; }
  let v0 = p;
  let q0 = v0 * 4;
  let t0 = b0[(q0) >> 2u];
  let t1 = t0 * 2.0f;
  b1[(q0) >> 2u] = t1;
}
