// The functions as users call them, compiled to WebAssembly SIMD: still 4 ulp, whatever the code generator did with the expansion.
import { describe, expect, it } from 'vitest';
import * as ct from '../../src/index.ts';
import type { MathOp } from '../../src/core/expr.ts';
import { scalar } from '../../src/reference/scalar.ts';
import { unary } from './functions.ts';
import { line32, sweep32, ulps32, ulps64 } from './ulp.ts';

const functions = ct as unknown as Readonly<Partial<Record<MathOp, (...xs: readonly ct.Tensor[]) => ct.Tensor>>>;
const sweep = sweep32(60);

describe('compiled to WebAssembly', () => {
  for (const { op, dense, size } of unary) {
    const f = functions[op];
    if (f === undefined) continue; // softplus and its like are compositions in nn
    it(op, () => {
      for (const x of [sweep, ...dense.map(([from, to]) => line32(from, to, 3001))]) {
        const y = f(ct.fromTypedArray(x, [x.length])).dataSync();
        x.forEach((v, i) => {
          const want = scalar(op, 'float32', ['float32'], [v]);
          const ulps = ulps32(y[i]!, want);
          if (ulps <= 4) return;
          // Relative to the terms that cancel, where they do.
          const close = size !== undefined && Math.abs(y[i]! - want) <= 2 ** -21 * size(v, want);
          if (!close) expect.fail(`${op}(${v}) = ${y[i]}, not ${want}: ${ulps} ulp`);
        });
      }
      const wide = Float64Array.from(
        line32(dense[0]?.[0] ?? -4, dense[0]?.[1] ?? 4, 501),
        (v, i) => v * (1 + i * 1e-13),
      );
      const y = f(ct.fromTypedArray(wide, [wide.length])).dataSync();
      wide.forEach((v, i) => {
        const want = scalar(op, 'float64', ['float64'], [v]);
        // The reference itself is good to 1e-14 of the terms it adds up.
        const close =
          Math.abs(y[i]! - want) <= 2e-14 * Math.max(Math.abs(want), size?.(v, want) ?? 0, op === 'digamma' ? 1 : 0);
        if (!close && !(ulps64(y[i]!, want) <= 5)) expect.fail(`float64 ${op}(${v}) = ${y[i]}, not ${want}`);
      });
    });
  }
});
