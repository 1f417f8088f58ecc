// associativeScan = the fold from element to element, along any axis, for any length, under every transform; and its errors.
import { describe, expect, test } from 'vitest';
import {
  add,
  associativeScan,
  explain,
  fromTypedArray,
  matmul,
  maximum,
  moveaxis,
  mul,
  scan,
  stack,
  tensor,
  unstack,
  vmap,
  zeros,
  type Tensor,
} from '../../src/index.ts';
import { agree, forward, reverse, type F } from '../../property-tests/agree.ts';

type Pair = (a: readonly Tensor[], b: readonly Tensor[]) => Tensor[];
const draw = (shape: readonly number[], seed: number): Tensor =>
  fromTypedArray(
    Float64Array.from(
      { length: shape.reduce((a, b) => a * b, 1) },
      (_, i) => ((i * 0.7548776662 + seed * 0.5698402909) % 1) * 2 - 1,
    ),
    shape,
  );

/** Slice after slice along an axis. */
const fold =
  (fn: Pair, axis: number, backwards: boolean): F =>
  (...xs) => {
    const rows = xs.map((x) => unstack(moveaxis(x, axis, 0)));
    const n = rows[0]!.length;
    const order = Array.from({ length: n }, (_, k) => (backwards ? n - 1 - k : k));
    const done = new Array<Tensor[]>(n);
    let state: Tensor[] | undefined;
    for (const i of order) {
      const x = rows.map((r) => r[i]!);
      done[i] = state = state === undefined ? x : fn(state, x);
    }
    return xs.map((_, j) => moveaxis(stack(done.map((d) => d[j]!)), 0, axis));
  };

// x -> a x + b, joined: not commutative.
const affine: Pair = ([a, b], [c, d]) => [mul(a!, c!), add(mul(b!, c!), d!)];
const product: Pair = ([a], [b]) => [matmul(a!, b!)];
const largest: Pair = ([a], [b]) => [maximum(a!, b!)];

const cases: Record<string, readonly [fn: Pair, shapes: (n: number) => (readonly number[])[], axis: number]> = {
  'affine maps': [affine, (n) => [[n], [n]], 0],
  matrices: [product, (n) => [[n, 2, 2]], 0],
  'maxima along the last axis': [largest, (n) => [[2, n]], -1],
};

describe.each(Object.entries(cases))('of %s', (_, [fn, shapes, axis]) => {
  const run =
    (backwards: boolean): F =>
    (...xs) =>
      associativeScan((a: readonly Tensor[], b: readonly Tensor[]) => fn(a, b), xs as readonly Tensor[], {
        axis,
        reverse: backwards,
      }) as unknown as Tensor[];
  const places = { ...forward, ...reverse };
  test.each([1, 2, 3, 4, 5, 7, 8, 13])('%d elements: the fold, both ways', (n) => {
    for (const backwards of [false, true])
      agree('value', places['value']!, 0, run(backwards), fold(fn, axis, backwards), shapes(n).map(draw));
  });
  test.each(['vjp', 'jvp of grad', 'vmap', 'vjp of vmap', 'vjp of jit'])('%s', (by) =>
    agree(by, places[by]!, 3, run(true), fold(fn, axis, true), shapes(6).map(draw)),
  );
});

test('no elements and one are as they are, and fn is not called', () => {
  const never = (): never => {
    throw new Error('called');
  };
  expect(associativeScan(never, zeros([0, 3])).shape).toEqual([0, 3]);
  expect(associativeScan(never, tensor([5])).arraySync()).toEqual([5]);
});

test('a tree keeps its structure and dtypes; an operation on single elements goes through vmap', () => {
  const one = (a: { m: Tensor; v: Tensor }, b: { m: Tensor; v: Tensor }): { m: Tensor; v: Tensor } => ({
    m: matmul(a.m, b.m),
    v: add(a.v, b.v),
  });
  const elems = {
    m: stack([
      tensor([
        [1, 1],
        [0, 1],
      ]),
      tensor([
        [1, 2],
        [0, 1],
      ]),
    ]),
    v: tensor([1, 2], 'int32'),
  };
  const out = associativeScan((a, b) => vmap(one)(a, b), elems);
  expect(out.m.arraySync()).toEqual([
    [
      [1, 1],
      [0, 1],
    ],
    [
      [1, 3],
      [0, 1],
    ],
  ]);
  expect([out.v.arraySync(), out.v.dtype]).toEqual([[1, 3], 'int32']);
});

test('the number of kernels grows as the logarithm of the length', () => {
  const kernels = (n: number): number =>
    explain((x: Tensor) => associativeScan((a, b) => mul(a, b), x))(zeros([n])).kernels.length;
  expect(kernels(1024)).toBeLessThanOrEqual(40);
});

test('agrees with scan', () => {
  const x = draw([9], 3);
  const sums = scan((c, y) => [add(c, y), add(c, y)] as const, tensor(0, 'float64'), x)[1];
  const parallel = associativeScan((a, b) => add(a, b), x).dataSync();
  sums.dataSync().forEach((v, i) => expect(Math.abs(v - parallel[i]!)).toBeLessThan(1e-12));
});

describe('errors', () => {
  const plus = (a: Tensor, b: Tensor): Tensor => add(a, b);
  const attempts: Record<string, () => unknown> = {
    'no function': () => associativeScan(3 as never, zeros([2])),
    'no elements': () => associativeScan(plus as never, null),
    'a scalar': () => associativeScan(plus, tensor(1)),
    'an axis that is not there': () => associativeScan(plus, zeros([2]), { axis: 1 }),
    'lengths that differ': () => associativeScan((a) => a, { u: zeros([2]), v: zeros([3]) }),
    'another shape': () => associativeScan((a) => a.sum(), zeros([4])),
    'another dtype': () => associativeScan((a) => a.astype('int32'), zeros([4])),
    'another structure': () => associativeScan((a) => [a], zeros([4])),
    'an unknown option': () => associativeScan(plus, zeros([4]), { axes: 0 } as never),
    'a Promise': () => associativeScan(async (a) => a, zeros([4])),
  };
  const message = (f: () => unknown): string => {
    try {
      f();
    } catch (e) {
      return (e as Error).message.split('\n')[0]!;
    }
    return 'no error';
  };
  test('name what is wrong', () => {
    expect(Object.entries(attempts).map(([k, f]) => `${k}: ${message(f)}`)).toMatchInlineSnapshot(`
      [
        "no function: associativeScan: needs a function as its first argument, got the number 3",
        "no elements: associativeScan: there are no elements: the tree has no tensors",
        "a scalar: associativeScan: elems is a scalar and has no axis to go along",
        "an axis that is not there: associativeScan: axis 1 is out of range for rank 1; use -1 to 0",
        "lengths that differ: associativeScan: elems at u has 2 elements along axis 0, but elems at v has shape [3]; all leaves must have one length",
        "another shape: associativeScan: fn changes elems: it is given float32[2] and returns float32[]; it must keep shapes and dtypes",
        "another dtype: associativeScan: fn changes elems: it is given float32[2] and returns int32[2]; it must keep shapes and dtypes",
        "another structure: associativeScan: elems and what fn returns differ in structure, at the root: a leaf against an array of 1",
        "an unknown option: associativeScan: there is no option 'axes'; the options are reverse, axis",
        "a Promise: associativeScan: the function returned a Promise; a transformed function must be synchronous: do the awaiting outside of it",
      ]
    `);
  });
});
