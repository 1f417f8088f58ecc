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
          let v0 = i32(u32(p) / 3u);
          let v1 = i32(u32(p) % 3u);
          let t0 = b0[v0 + v1 * 100];
          let t1 = b1[v0 * 3 + v1];
          let t2 = fma(t0, 2.0f, t1);
          b2[v0 * 3 + v1] = t2;
        }
        "
      `);
  });

  test('a row program', () => {
    expect(text((x: Tensor) => x.div(x.sum({ axis: 1, keepdims: true })), zeros([5, 200]))).toMatchInlineSnapshot(`
      "// sum_div: 2 x 1 x 1 workgroups
      @group(0) @binding(0) var<storage, read> b0: array<vec4<f32>>;
      @group(0) @binding(1) var<storage, read_write> b1: array<vec4<f32>>;
      var<workgroup> shared0: array<f32, 64>;
      @compute @workgroup_size(64)
      fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
        let g = i32(group.x);
        let lane = i32(local & 15u);
        let u = g * 4 + i32(local >> 4u);
        let p = min(u, 4);
        let inside = u < 5;
        let v0 = p;
        var a0 = vec4<f32>(0.0f);
        let n0 = min(4, (65 - (lane)) / 16);
        for (var j0 = 0; j0 < n0; j0++) {
          let k0 = lane + j0 * 16;
          let v1 = k0;
          let q0 = v1 * 4;
          let t0 = b0[(q0 + v0 * 200) >> 2u];
          a0 = a0 + t0;
        }
        var a1 = f32(0.0f);
        let a2 = a0[0] + a0[1];
        let a3 = a0[2] + a0[3];
        a1 = a2 + a3;
        shared0[local] = a1;
        workgroupBarrier();
        if (lane < 4) {
          a1 = shared0[i32(local / 16u) * 16 + lane];
          for (var l0 = 1; l0 < 4; l0++) {
            let o0 = i32(local / 16u) * 16 + lane + l0 * 4;
            let x0 = shared0[o0];
            a1 = a1 + x0;
          }
          shared0[i32(local / 16u) * 16 + lane] = a1;
        }
        workgroupBarrier();
        a1 = shared0[i32(local / 16u) * 16 + 0];
        for (var l1 = 1; l1 < 4; l1++) {
          let o1 = i32(local / 16u) * 16 + l1;
          let x1 = shared0[o1];
          a1 = a1 + x1;
        }
        let n1 = min(4, (65 - (lane)) / 16);
        for (var j1 = 0; j1 < n1; j1++) {
          let k1 = lane + j1 * 16;
          let v2 = k1;
          let q1 = v2 * 4;
          let t1 = b0[(q1 + v0 * 200) >> 2u];
          let t2 = t1 / a1;
          if (inside) {
            b1[(q1 + v0 * 200) >> 2u] = t2;
          }
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
      "// dotGeneral_maximum: 4 x 1 x 1 workgroups
      @group(0) @binding(0) var<storage, read> b0: array<f32>;
      @group(0) @binding(1) var<storage, read> b1: array<vec4<f32>>;
      @group(0) @binding(2) var<storage, read> b2: array<vec4<f32>>;
      @group(0) @binding(3) var<storage, read_write> b3: array<vec4<f32>>;
      fn is_nanx4(x: vec4<f32>) -> vec4<bool> { return (bitcast<vec4<u32>>(x) & vec4<u32>(0x7fffffffu)) > vec4<u32>(0x7f800000u); }
      fn max_f32x4(a: vec4<f32>, b: vec4<f32>) -> vec4<f32> { return select(select(max(a, b), b, is_nanx4(b)), a, is_nanx4(a)); }
      @compute @workgroup_size(64)
      fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) index: u32) {
        let g = i32(group.x);
        let lane = i32(index);
        let own = g * 64 + lane;
        let p = min(own, 199);
        let at0 = (p % 10) * 4;
        let at1 = p / 10;
        let h0 = at1 * 30;
        var acc0 = vec4<f32>();
        for (var k0 = 0; k0 < 30; k0 += 1) {
          var lhs0: vec4<f32>;
           {
            let t0 = b0[k0 + h0];
            lhs0 = vec4<f32>(t0);
          }
          let h1 = k0 * 10;
          var rhs0: vec4<f32>;
           {
            let t1 = b1[(at0 + h1 * 4) >> 2u];
            rhs0 = t1;
          }
          acc0 = fma(lhs0, rhs0, acc0);
        }
        if (own < 200) {
          let sum = acc0;
          let t2 = b2[(at0) >> 2u];
          let t3 = sum + t2;
          let t4 = max_f32x4(t3, vec4<f32>(0.0f));
          b3[(at1 * 40 + at0) >> 2u] = t4;
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
        if (u32(t3) < 6u) { t4 = b1[t3]; }
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
        let t1 = b1[(s0_0 + s0_1 * 1024) * 3 + v0];
        let t2 = fma(t0, 0.5f, t1);
        b2[v0] = t2;
      }

      // sum: 1 x 1 x 1 workgroups
      @group(0) @binding(0) var<storage, read> b0: array<f32>;
      @group(0) @binding(1) var<storage, read_write> b1: array<f32>;
      @group(1) @binding(0) var<uniform> s0_0: i32;
      @group(1) @binding(1) var<uniform> s0_1: i32;
      @compute @workgroup_size(1)
      fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
        let g = i32(group.x);
        let u = g;
        let p = u;
        var a0 = f32(0.0f);
        for (var j0 = 0; j0 < 3; j0++) {
          let k0 = j0;
          let v0 = k0;
          let t0 = b0[v0];
          a0 = a0 + t0;
        }
        b1[(s0_0 + s0_1 * 1024)] = a0;
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
      const full = array<u32, 8>(1u, 1u, 2u, 1u, 1u, 2u, 1u, 1u);
      const owner = array<i32, 8>(0, 1, 0, 0, 0, 1, 1, 1);
      @compute @workgroup_size(64)
      fn main(@builtin(global_invocation_id) id: vec3u) {
        let p = i32(id.x);
        if (p >= 8) { return; }
        let chosen = clamp(b0[0], 0, 1);
        b1[p] = select(0u, full[p], chosen == owner[p]);
      }

      // add: 2 x 1 x 1 workgroups
      @group(0) @binding(0) var<storage, read> b0: array<vec4<f32>>;
      @group(0) @binding(1) var<storage, read_write> b1: array<vec4<f32>>;
      @compute @workgroup_size(64)
      fn main(@builtin(global_invocation_id) id: vec3u) {
        let p = i32(id.x);
        if (p >= 75) { return; }
        let v0 = p;
        let q0 = v0 * 4;
        let t0 = b0[(q0) >> 2u];
        let t1 = t0 + 1.0f;
        b1[(q0) >> 2u] = t1;
      }

      // mul: 2 x 1 x 1 workgroups
      @group(0) @binding(0) var<storage, read> b0: array<vec4<f32>>;
      @group(0) @binding(1) var<storage, read_write> b1: array<vec4<f32>>;
      @compute @workgroup_size(64)
      fn main(@builtin(global_invocation_id) id: vec3u) {
        let p = i32(id.x);
        if (p >= 75) { return; }
        let v0 = p;
        let q0 = v0 * 4;
        let t0 = b0[(q0) >> 2u];
        let t1 = t0 * 2.0f;
        b1[(q0) >> 2u] = t1;
      }
      "
    `);
  });
});
