// The text of kernels, as snapshots: what a small program costs on a GPU is there to be read.
import { describe, expect, test } from 'vitest';
import { jit, scan, switchCase, take, tensor, zeros, type Tensor } from '../../src/index.ts';
import { planProgram } from '../../src/jit/plan.ts';
import { simplify } from '../../src/jit/simplify.ts';
import { leastLimits } from '../../src/wgsl/limits.ts';
import { renderModule } from '../../src/wgsl/module.ts';
import { dispatchesOf } from '../../src/wgsl/steps.ts';

const text = (f: (...args: never[]) => unknown, ...args: readonly Tensor[]): string => {
  const { program } = jit(f as (...xs: readonly Tensor[]) => unknown).trace(...args);
  const module = renderModule(planProgram(simplify(program), { buffers: 7, row: 65536 }), leastLimits);
  return dispatchesOf(module.steps)
    .map((d) => `// ${d.name}: ${d.workgroups.join(' x ')} workgroups\n${d.wgsl}`)
    .join('\n');
};

describe('kernels as text', () => {
  test('an elementwise chain over a transposed operand', () => {
    expect(text((x: Tensor, y: Tensor) => x.transpose().mul(2).add(y), zeros([3, 100]), zeros([100, 3])))
      .toMatchInlineSnapshot(`
      "// add: 5 x 1 x 1 workgroups
      @group(0) @binding(0) var<storage, read> b0: array<f32>;
      @group(0) @binding(1) var<storage, read> b1: array<f32>;
      @group(0) @binding(2) var<storage, read_write> b2: array<f32>;
      @compute @workgroup_size(64)
      fn main(@builtin(global_invocation_id) id: vec3u) {
        let p = i32(id.x);
        if (p >= 300) { return; }
        let v0 = p / 3;
        let v1 = p % 3;
        let t0 = b0[v0 + v1 * 100];
        let t1 = t0 * 2.0f;
        let t2 = b1[v0 * 3 + v1];
        let t3 = t1 + t2;
        b2[v0 * 3 + v1] = t3;
      }
      "
    `);
  });

  test('a row program', () => {
    expect(text((x: Tensor) => x.div(x.sum({ axis: 1, keepdims: true })), zeros([5, 200]))).toMatchInlineSnapshot(`
      "// sum_div: 1 x 1 x 1 workgroups
      @group(0) @binding(0) var<storage, read> b0: array<f32>;
      @group(0) @binding(1) var<storage, read_write> b1: array<f32>;
      @compute @workgroup_size(64)
      fn main(@builtin(global_invocation_id) id: vec3u) {
        let p = i32(id.x);
        if (p >= 5) { return; }
        let v0 = p;
        var a0: f32 = 0.0f;
        var a1: f32 = 0.0f;
        for (var i0 = 0; i0 < 200; i0++) {
          let t0 = b0[i0 + v0 * 200];
          a0 = a0 + t0;
          if (((i0 + 1) & 63) == 0) { a1 += a0; a0 = 0.0f; }
        }
        let r0 = a0 + a1;
        for (var i1 = 0; i1 < 200; i1++) {
          let t1 = b0[i1 + v0 * 200];
          let t2 = t1 / r0;
          b1[i1 + v0 * 200] = t2;
        }
      }
      "
    `);
  });

  test('a matrix product with bias and a selection', () => {
    expect(
      text(
        (x: Tensor, w: Tensor, b: Tensor) => x.matmul(w).add(b).maximum(0),
        zeros([20, 30]),
        zeros([30, 40]),
        zeros([40]),
      ),
    ).toMatchInlineSnapshot(`
      "// dotGeneral_maximum: 2 x 1 x 1 workgroups
      @group(0) @binding(0) var<storage, read> b0: array<f32>;
      @group(0) @binding(1) var<storage, read> b1: array<f32>;
      @group(0) @binding(2) var<storage, read> b2: array<f32>;
      @group(0) @binding(3) var<storage, read_write> b3: array<f32>;
      var<workgroup> left: array<f32, 512>;
      var<workgroup> right: array<f32, 512>;
      fn is_nan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }
      fn max_f32(a: f32, b: f32) -> f32 { return select(select(max(a, b), b, is_nan(b)), a, is_nan(a)); }
      @compute @workgroup_size(8, 8)
      fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
        let g = i32(group.x);
        let x = i32(local.x);
        let y = i32(local.y);
        let lane = y * 8 + x;
        let top = (g / 2) % 1 * 32;
        let start = g % 2 * 32;
        let b = g / 2;
        var acc0 = vec4<f32>();
        var acc1 = vec4<f32>();
        var acc2 = vec4<f32>();
        var acc3 = vec4<f32>();
        for (var k0 = 0; k0 < 30; k0 += 16) {
          for (var l = lane; l < 512; l += 64) {
            let q = top + l / 16;
            let kk = k0 + l % 16;
            var w = 0.0f;
            if (q < 20 && kk < 30) {
              let v0 = q;
              let v1 = kk;
              let t0 = b0[v0 * 30 + v1];
              w = t0;
            }
            left[l % 16 * 32 + l / 16] = w;
          }
          for (var l = lane; l < 512; l += 64) {
            let q = start + l % 32;
            let kk = k0 + l / 32;
            var w = 0.0f;
            if (q < 40 && kk < 30) {
              let v2 = q;
              let v3 = kk;
              let t1 = b1[v2 + v3 * 40];
              w = t1;
            }
            right[l] = w;
          }
          workgroupBarrier();
          var part0 = vec4<f32>();
          var part1 = vec4<f32>();
          var part2 = vec4<f32>();
          var part3 = vec4<f32>();
          for (var j = 0; j < 16; j++) {
            let r = vec4<f32>(right[j * 32 + 0 + x], right[j * 32 + 8 + x], right[j * 32 + 16 + x], right[j * 32 + 24 + x]);
            part0 += left[j * 32 + y * 4 + 0] * r;
            part1 += left[j * 32 + y * 4 + 1] * r;
            part2 += left[j * 32 + y * 4 + 2] * r;
            part3 += left[j * 32 + y * 4 + 3] * r;
          }
          acc0 += part0;
          acc1 += part1;
          acc2 += part2;
          acc3 += part3;
          workgroupBarrier();
        }
        var result = array<vec4<f32>, 4>(acc0, acc1, acc2, acc3);
        for (var o = 0; o < 16; o++) {
          let row = top + y * 4 + o / 4;
          let column = start + o % 4 * 8 + x;
          if (row < 20 && column < 40) {
            let v4 = row;
            let v5 = column;
            let acc = result[o / 4][o % 4];
            let t2 = b2[v5];
            let t3 = acc + t2;
            let t4 = max_f32(t3, 0.0f);
            b3[v4 * 40 + v5] = t4;
          }
        }
      }
      "
    `);
  });

  test('elements chosen by an index, and infinity', () => {
    const i = tensor([1, 0], { dtype: 'int32' });
    expect(text((x: Tensor, at: Tensor) => take(x, at).minimum(Infinity), zeros([6]), i)).toMatchInlineSnapshot(`
      "// minimum: 1 x 1 x 1 workgroups
      @group(0) @binding(0) var<storage, read> b0: array<i32>;
      @group(0) @binding(1) var<storage, read> b1: array<f32>;
      @group(0) @binding(2) var<storage, read_write> b2: array<f32>;
      fn from_bits(b: u32) -> f32 { return bitcast<f32>(b); }
      fn is_nan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }
      fn min_f32(a: f32, b: f32) -> f32 { return select(select(min(a, b), b, is_nan(b)), a, is_nan(a)); }
      @compute @workgroup_size(64)
      fn main(@builtin(global_invocation_id) id: vec3u) {
        let p = i32(id.x);
        if (p >= 2) { return; }
        let v0 = p;
        let t0 = b0[v0];
        let t1 = t0 < 0;
        let t2 = t0 + 6;
        let t3 = select(t0, t2, t1);
        var t4 = from_bits(0x7fc00000u);
        if (t3 >= 0 && t3 < 6) { t4 = b1[t3]; }
        let t5 = min_f32(t4, from_bits(0x7f800000u));
        b2[v0] = t5;
      }
      "
    `);
  });

  test('the body of a scan: a slice is an offset by the number of the step', () => {
    expect(
      text(
        (s: Tensor, xs: Tensor) => scan((c: Tensor, x: Tensor) => [c.mul(0.5).add(x), c.sum()], s, xs),
        zeros([3]),
        zeros([1500, 3]),
      ),
    ).toMatchInlineSnapshot(`
      "// carry: 1 x 1 x 1 workgroups
      @group(0) @binding(0) var<storage, read> b0: array<f32>;
      @group(0) @binding(1) var<storage, read_write> b1: array<f32>;
      @compute @workgroup_size(64)
      fn main(@builtin(global_invocation_id) id: vec3u) {
        let p = i32(id.x);
        if (p >= 3) { return; }
        let v0 = p;
        let t0 = b0[v0];
        b1[v0] = t0;
      }

      // add: 1 x 1 x 1 workgroups
      @group(0) @binding(0) var<storage, read> b0: array<f32>;
      @group(0) @binding(1) var<storage, read> b1: array<f32>;
      @group(0) @binding(2) var<storage, read_write> b2: array<f32>;
      @group(1) @binding(0) var<uniform> s0_0: i32;
      @group(1) @binding(1) var<uniform> s0_1: i32;
      @compute @workgroup_size(64)
      fn main(@builtin(global_invocation_id) id: vec3u) {
        let p = i32(id.x);
        if (p >= 3) { return; }
        let v0 = p;
        let t0 = b0[v0];
        let t1 = t0 * 0.5f;
        let t2 = b1[(s0_0 + s0_1 * 1024) * 3 + v0];
        let t3 = t1 + t2;
        b2[v0] = t3;
      }

      // sum: 1 x 1 x 1 workgroups
      @group(0) @binding(0) var<storage, read> b0: array<f32>;
      @group(0) @binding(1) var<storage, read_write> b1: array<f32>;
      @group(1) @binding(0) var<uniform> s0_0: i32;
      @group(1) @binding(1) var<uniform> s0_1: i32;
      @compute @workgroup_size(64)
      fn main(@builtin(global_invocation_id) id: vec3u) {
        let p = i32(id.x);
        if (p >= 1) { return; }
        var a0: f32 = 0.0f;
        for (var i0 = 0; i0 < 3; i0++) {
          let t0 = b0[i0];
          a0 = a0 + t0;
        }
        let r0 = a0;
        b1[(s0_0 + s0_1 * 1024)] = r0;
      }
      "
    `);
  });

  test('the choice of a branch: how many workgroups each kernel has', () => {
    expect(
      text(
        (i: Tensor, x: Tensor) => switchCase(i, [(y: Tensor) => y.add(1), (y: Tensor) => y.mul(2)], x),
        tensor(1, { dtype: 'int32' }),
        zeros([300]),
      ),
    ).toMatchInlineSnapshot(`
      "// select: 1 x 1 x 1 workgroups
      @group(0) @binding(0) var<storage, read> b0: array<i32>;
      @group(0) @binding(1) var<storage, read_write> b1: array<i32>;
      @compute @workgroup_size(64)
      fn main(@builtin(global_invocation_id) id: vec3u) {
        let p = i32(id.x);
        if (p >= 1) { return; }
        let t0 = b0[0];
        let t1 = t0 < 0;
        let t2 = select(t0, 0, t1);
        let t3 = t2 > 1;
        let t4 = select(t2, 1, t3);
        b1[0] = t4;
      }

      // cond_choose: 1 x 1 x 1 workgroups
      @group(0) @binding(0) var<storage, read> b0: array<i32>;
      @group(0) @binding(1) var<storage, read_write> b1: array<u32>;
      const full = array<u32, 8>(1u, 1u, 5u, 1u, 1u, 5u, 1u, 1u);
      const owner = array<i32, 8>(0, 1, 0, 0, 0, 1, 1, 1);
      @compute @workgroup_size(64)
      fn main(@builtin(global_invocation_id) id: vec3u) {
        let p = i32(id.x);
        if (p >= 8) { return; }
        let chosen = clamp(b0[0], 0, 1);
        b1[p] = select(0u, full[p], chosen == owner[p]);
      }

      // add: 5 x 1 x 1 workgroups
      @group(0) @binding(0) var<storage, read> b0: array<f32>;
      @group(0) @binding(1) var<storage, read_write> b1: array<f32>;
      @compute @workgroup_size(64)
      fn main(@builtin(global_invocation_id) id: vec3u) {
        let p = i32(id.x);
        if (p >= 300) { return; }
        let v0 = p;
        let t0 = b0[v0];
        let t1 = t0 + 1.0f;
        b1[v0] = t1;
      }

      // mul: 5 x 1 x 1 workgroups
      @group(0) @binding(0) var<storage, read> b0: array<f32>;
      @group(0) @binding(1) var<storage, read_write> b1: array<f32>;
      @compute @workgroup_size(64)
      fn main(@builtin(global_invocation_id) id: vec3u) {
        let p = i32(id.x);
        if (p >= 300) { return; }
        let v0 = p;
        let t0 = b0[v0];
        let t1 = t0 * 2.0f;
        b1[v0] = t1;
      }
      "
    `);
  });
});
