enable f16;
@group(0) @binding(0) var<storage, read> b0: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> b1: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> b2: array<vec4<f32>>;
var<workgroup> left: array<vec4<f16>, 272>;
var<workgroup> right: array<vec4<f16>, 256>;
@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) index: u32) {
  let g = i32(group.x);
  let within = g;
  let top = within / 2 * 64;
  let start = within % 2 * 64;
  let lane = i32(index);
  let x = lane % 16;
  let y = lane / 16;
  let left_q = lane / 4;
  let left_s = lane % 4;
  let left_row0 = min(top + left_q * 4, 95);
  let h0 = left_row0 * 20;
  let left_row1 = min(top + left_q * 4 + 1, 95);
  let h1 = left_row1 * 20;
  let left_row2 = min(top + left_q * 4 + 2, 95);
  let h2 = left_row2 * 20;
  let left_row3 = min(top + left_q * 4 + 3, 95);
  let h3 = left_row3 * 20;
  let right_q = lane % 16;
  let right_s = lane / 16;
  let right_row0 = min(start + right_q * 4, 68);
  var p000 = vec4<f32>();
  var p010 = vec4<f32>();
  var p020 = vec4<f32>();
  var p030 = vec4<f32>();
  for (var k0 = 0; k0 < 80; k0 += 16) {
    let left_k0 = k0 + left_s * 4;
    var left0_0 = vec4<f32>();
    var left0_1 = vec4<f32>();
    var left0_2 = vec4<f32>();
    var left0_3 = vec4<f32>();
    if (lane < 64) {
       {
        let t0 = b0[(left_k0 + h0 * 4) >> 2u];
        left0_0 = t0;
      }
       {
        let t1 = b0[(left_k0 + h1 * 4) >> 2u];
        left0_1 = t1;
      }
       {
        let t2 = b0[(left_k0 + h2 * 4) >> 2u];
        left0_2 = t2;
      }
       {
        let t3 = b0[(left_k0 + h3 * 4) >> 2u];
        left0_3 = t3;
      }
    }
    let right_k0 = k0 + right_s;
    let h4 = right_k0 * 18;
    var right0 = vec4<f32>();
     {
      let t4 = b1[(right_row0 + h4 * 4) >> 2u];
      right0 = t4;
    }
    workgroupBarrier();
    if (lane < 64) {
      left[(left_s * 4 + 0) * 17 + left_q] = vec4<f16>(vec4<f32>(left0_0[0], left0_1[0], left0_2[0], left0_3[0]));
      left[(left_s * 4 + 1) * 17 + left_q] = vec4<f16>(vec4<f32>(left0_0[1], left0_1[1], left0_2[1], left0_3[1]));
      left[(left_s * 4 + 2) * 17 + left_q] = vec4<f16>(vec4<f32>(left0_0[2], left0_1[2], left0_2[2], left0_3[2]));
      left[(left_s * 4 + 3) * 17 + left_q] = vec4<f16>(vec4<f32>(left0_0[3], left0_1[3], left0_2[3], left0_3[3]));
    }
    right[right_s * 16 + right_q] = vec4<f16>(right0);
    workgroupBarrier();
    for (var j = 0; j < 16; j++) {
      let l0 = vec4<f32>(left[j * 17 + y]);
      let r0 = vec4<f32>(right[j * 16 + x]);
      p000 += l0[0] * r0;
      p010 += l0[1] * r0;
      p020 += l0[2] * r0;
      p030 += l0[3] * r0;
    }
  }
  var totals = array<vec4<f32>, 4>(p000, p010, p020, p030);
  for (var o = 0; o < 4; o++) {
    let row = top + y * 4 + o;
    let column = start + x * 4;
    if (row < 96 && column < 72) {
      let result = totals[o];
      b2[(row * 72 + column) >> 2u] = result;
    }
  }
}
