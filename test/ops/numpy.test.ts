// Functions that NumPy also has, against vectors computed by NumPy: eager, and (where no size depends on values) under jit.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import * as cotangent from '../../src/index.ts';
import { jit, tensor, type Tensor } from '../../src/index.ts';

interface Value {
  readonly shape: readonly number[];
  readonly dtype?: 'int32';
  readonly data: readonly (number | string)[];
}
interface Case {
  readonly call: string;
  readonly args: readonly Value[];
  readonly want: readonly Value[];
}

const { cases } = JSON.parse(readFileSync(new URL('golden/numpy.json', import.meta.url), 'utf8')) as {
  readonly cases: readonly Case[];
};
const input = ({ shape, dtype, data }: Value): Tensor =>
  tensor(dtype === 'int32' ? Int32Array.from(data, Number) : Float32Array.from(data, Number)).reshape(shape);

/** A call as written in the file, with operands a, b, c, d and every function of the entry point. */
const parse = (call: string): ((...operands: readonly Tensor[]) => readonly Tensor[]) => {
  const names = Object.keys(cotangent).filter((n) => new RegExp(`\\b${n}\\(`).test(call));
  const f = new Function(...names, 'a', 'b', 'c', 'd', `return ${call};`) as (
    ...args: unknown[]
  ) => Tensor | readonly Tensor[];
  return (...operands) => {
    const y = f(...names.map((n) => cotangent[n as keyof typeof cotangent]), ...operands);
    return y instanceof cotangent.Tensor ? [y] : y;
  };
};

const compare = (got: readonly Tensor[], want: readonly Value[]): void => {
  expect(got.map((y) => y.shape)).toEqual(want.map((w) => w.shape));
  got.forEach((y, k) => {
    const values = y.dataSync();
    want[k]!.data.forEach((w, i) => {
      if (Number.isFinite(Number(w)))
        expect(Math.abs(values[i]! - Number(w))).toBeLessThanOrEqual(1e-4 * (1 + Math.abs(Number(w))));
      else expect(values[i]).toBe(Number(w));
    });
  });
};

const dynamic = /unique|nonzero\(a\)|bincount\(a\)|filter/;

cases.forEach(({ call, args, want }, i) => {
  it(`${i}: ${call}`, () => {
    const f = parse(call);
    const operands = args.map(input);
    compare(f(...operands), want);
    if (!dynamic.test(call)) compare(jit(f)(...operands), want);
  });
});
