// Traps of values that others fell into: dtypes, ranges, ragged arrays, accuracy of sums, divisions and elementary functions.
import { describe, expect, it } from 'vitest';
import {
  add,
  arange,
  argmax,
  argmin,
  clip,
  cummax,
  div,
  jit,
  log,
  max,
  maximum,
  mean,
  min,
  minimum,
  ones,
  relu,
  sin,
  sum,
  tanh,
  tensor,
  full,
  type Tensor,
} from '../../src/index.ts';

/** Each test holds for the operation as called and for the compiled function. */
const bothWays = (
  name: string,
  check: (run: <A extends Tensor[]>(f: (...x: A) => Tensor, ...x: A) => Tensor) => void,
): void => {
  it(`${name}, eagerly`, () => check((f, ...x) => f(...x)));
  it(`${name}, under jit`, () => check((f, ...x) => jit(f)(...x)));
};

describe('dtypes', () => {
  bothWays('an integer tensor plus 0.5 is float, not truncated', (run) => {
    const y = run((x) => add(x, 0.5), tensor([1, 2], 'int32'));
    expect(y.dtype).toBe('float32');
    expect(y.arraySync()).toEqual([1.5, 2.5]);
  });

  bothWays('an integer tensor plus 1 stays integer', (run) => {
    const y = run((x) => add(x, 1), tensor([1, 2], 'int32'));
    expect(y.dtype).toBe('int32');
    expect(y.arraySync()).toEqual([2, 3]);
  });

  bothWays('the sum of booleans counts', (run) => {
    const y = run((x) => sum(x), tensor([true, true, false, true]));
    expect(y.dtype).toBe('int32');
    expect(y.itemSync()).toBe(3);
  });

  bothWays('integers divide truly', (run) => {
    expect(run((x) => div(x, 2), tensor([1, 3], 'int32')).arraySync()).toEqual([0.5, 1.5]);
  });
});

describe('creation', () => {
  it('arange(0, 1, 0.25) is not all zeros', () => {
    const x = arange(0, 1, 0.25);
    expect(x.dtype).toBe('float32');
    expect(x.arraySync()).toEqual([0, 0.25, 0.5, 0.75]);
  });

  it('ragged arrays are refused, with the place', () => {
    expect(() => tensor([[1, 2], [3]] as never)).toThrow(/ragged.*x\[1\]/);
    expect(() => tensor([[1, 2], 3] as never)).toThrow(/ragged/);
    expect(() => tensor([1, [2]] as never)).toThrow(/ragged/);
  });

  it('what an integer cannot hold is refused', () => {
    expect(() => tensor([1.5], 'int32')).toThrow(/1\.5.*int32/);
    expect(() => tensor([-1], 'uint32')).toThrow(/-1.*uint32/);
    expect(() => full([2], 0.5, 'int32')).toThrow(/0\.5.*int32/);
  });

  it('bytes of a picture do not become bools unasked', () => {
    const bytes = Uint8Array.from([0, 128, 255]);
    expect(() => tensor(bytes)).toThrow(/Uint8Array.*dtype/);
    expect(tensor(bytes, 'float32').arraySync()).toEqual([0, 128, 255]);
    expect(tensor(Uint8Array.from([0, 1])).arraySync()).toEqual([false, true]);
  });
});

describe('extremes', () => {
  bothWays('argmax and argmin with NaN point at the first NaN', (run) => {
    const x = tensor([1, NaN, 3, NaN]);
    expect(run((v) => argmax(v), x).itemSync()).toBe(1);
    expect(run((v) => argmin(v), x).itemSync()).toBe(1);
  });

  bothWays('argmax of nothing but NaN or -Infinity is in range', (run) => {
    expect(run((v) => argmax(v), tensor([NaN, NaN])).itemSync()).toBe(0);
    expect(run((v) => argmax(v), tensor([-Infinity, -Infinity])).itemSync()).toBe(0);
  });
});

describe('NaN', () => {
  const x = tensor([1, NaN, -3, 0]);
  bothWays('propagates through max and min', (run) => {
    expect(run((v) => max(v), x).itemSync()).toBeNaN();
    expect(run((v) => min(v), x).itemSync()).toBeNaN();
  });
  bothWays('propagates through maximum, minimum, clip and relu', (run) => {
    expect(run((v) => maximum(v, 0), x).arraySync()).toEqual([1, NaN, 0, 0]);
    expect(run((v) => minimum(0, v), x).arraySync()).toEqual([0, NaN, -3, 0]);
    expect(run((v) => clip(v, -1, 1), x).arraySync()).toEqual([1, NaN, -1, 0]);
    expect(run((v) => relu(v), x).arraySync()).toEqual([1, NaN, 0, 0]);
  });
  bothWays('is larger than everything for cummax, and spreads', (run) => {
    expect(run((v) => cummax(v), x).arraySync()).toEqual([1, NaN, NaN, NaN]);
  });
});

describe('accuracy', () => {
  bothWays('the float32 sum of 10^7 times 0.1 is right to 1e-6', (run) => {
    const exact = 1e7 * Math.fround(0.1);
    expect(Math.abs((run((x) => sum(x), full([10_000_000], 0.1)).itemSync() as number) / exact - 1)).toBeLessThan(1e-6);
  });

  bothWays('the float32 sum of each of many columns is right to 1e-6', (run) => {
    const exact = 100_000 * Math.fround(0.1);
    for (const v of run((x) => sum(x, 0), full([100_000, 5], 0.1)).dataSync())
      expect(Math.abs(v / exact - 1)).toBeLessThan(1e-6);
  });

  bothWays('the float32 mean of 2^25 ones is 1', (run) => {
    expect(run((x) => mean(x), ones([2 ** 25])).itemSync()).toBe(1);
  });

  bothWays('x / y is the quotient, not x * (1 / y)', (run) => {
    const [x, y] = [Array.from({ length: 200 }, (_, i) => i + 1), Array.from({ length: 200 }, (_, i) => 3 + 2 * i)];
    const z = run((a, b) => div(a, b), tensor(x), tensor(y)).dataSync();
    x.forEach((a, i) => expect(z[i]).toBe(Math.fround(a / y[i]!)));
  });

  bothWays('x / 3 by a constant is the quotient too', (run) => {
    const x = Array.from({ length: 200 }, (_, i) => i + 1);
    const z = run((a) => div(a, 3), tensor(x)).dataSync();
    x.forEach((a, i) => expect(z[i]).toBe(Math.fround(a / 3)));
  });

  const near = (
    run: (f: (x: Tensor) => Tensor, x: Tensor) => Tensor,
    f: (x: Tensor) => Tensor,
    exact: (x: number) => number,
    xs: readonly number[],
  ): void => {
    const x = Float32Array.from(xs);
    const y = run(f, tensor(x)).dataSync();
    x.forEach((v, i) => {
      const want = exact(v);
      expect(Math.abs(y[i]! - want), `at ${v}`).toBeLessThanOrEqual(5e-7 * Math.abs(want) + 1e-45);
    });
  };
  const steps = (lo: number, hi: number): number[] => Array.from({ length: 401 }, (_, i) => lo + ((hi - lo) * i) / 400);

  bothWays('log is right near 1', (run) => near(run, log, Math.log, steps(0.99, 1.01)));
  bothWays('tanh is right near 0', (run) => near(run, tanh, Math.tanh, steps(-1e-5, 1e-5)));
  bothWays('sin is right near 1e5', (run) => near(run, sin, Math.sin, steps(99_990, 100_010)));
});
