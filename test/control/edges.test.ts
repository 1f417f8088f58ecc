// Control flow at its edges: numbers as carries, nothing to carry, no elements, keys, values met twice, donation, choices out of range.
import { describe, expect, test } from 'vitest';
import {
  add,
  cond,
  disableJit,
  foriLoop,
  grad,
  greater,
  jit,
  less,
  logicalXor,
  map,
  mul,
  ones,
  scan,
  sqrt,
  sum,
  switchCase,
  tensor,
  vmap,
  whileLoop,
  zeros,
  Tensor,
} from '../../src/index.ts';
import { key, Key, normal, split, uniform } from '../../src/random/index.ts';

/** A tree with tensors as text: dtype, a mark for weak values, elements. */
const show = (v: unknown): unknown =>
  v instanceof Tensor
    ? `${v.dtype}${v.weak ? '~' : ''}${JSON.stringify(v.arraySync())}`
    : v instanceof Key
      ? show(v.words)
      : Array.isArray(v)
        ? v.map(show)
        : typeof v === 'object' && v !== null
          ? Object.fromEntries(Object.entries(v).map(([k, x]) => [k, show(x)]))
          : v;
const x = (): Tensor => tensor([1, 2, 3]);
const ints = (): Tensor => tensor([1, 2, 3], 'int32');
const double = (v: Tensor): Tensor => mul(v, 2);
type Two = { readonly a: Tensor; readonly b: Tensor };
const two = (a: number, b: number): Two => ({ a, b }) as unknown as Two;

const cases: Record<string, readonly [() => unknown, unknown]> = {
  'a number as carry takes the dtype that the body gives it': [
    () => scan((c: Tensor, v: Tensor) => [add(c, v), 1], 0, tensor([1, 2], 'float64')),
    ['float643', 'float32[1,1]'],
  ],
  'a number that is carried on as it is': [
    () => scan((c: Tensor, v: Tensor) => [c, v], 7, ints()),
    ['float327', 'int32[1,2,3]'],
  ],
  'two numbers that change places': [
    () => scan(({ a, b }: Two, v: Tensor) => [{ a: b, b: add(a, v) }, null], two(0, 0), ints())[0],
    { a: 'float322', b: 'float324' },
  ],
  'unsigned integers wrap around': [
    () => scan((c: Tensor, v: Tensor) => [add(c, v), c], tensor(4294967295, 'uint32'), tensor([1, 2], 'uint32')),
    ['uint322', 'uint32[4294967295,0]'],
  ],
  booleans: [
    () => scan((c: Tensor, v: Tensor) => [logicalXor(c, v), c], tensor(true), tensor([true, false])),
    ['boolfalse', 'bool[true,false]'],
  ],
  'no carry': [() => scan((_: null, v: Tensor) => [null, double(v)], null, x()), [null, 'float32[2,4,6]']],
  'no carry and no ys': [() => scan(() => [null, null], null, x()), [null, null]],
  'a carry without elements': [
    () => scan((c: Tensor, v: Tensor) => [mul(c, v), sum(c)], zeros([0, 2]), x()),
    ['float32[]', 'float32[0,0,0]'],
  ],
  'texts stay in the carry and in the ys': [
    () =>
      scan(
        (c: { n: Tensor; tag: string }, v: Tensor) => [
          { ...c, n: add(c.n, v) },
          { v, kind: 'y' },
        ],
        { n: tensor(0), tag: 'a' },
        x(),
      ),
    [
      { n: 'float326', tag: 'a' },
      { v: 'float32[1,2,3]', kind: 'y' },
    ],
  ],
  'a closed-over value as carry and as y': [
    () => jit((k: Tensor) => scan(() => [k, k], tensor(0), x()))(tensor(5)),
    ['float325', 'float32[5,5,5]'],
  ],
  'one value as two carries and two ys': [
    () =>
      jit((k: Tensor) => scan(({ a, b }: Two, v: Tensor) => [{ a: b, b: a }, [a, a, v]], { a: k, b: k }, x()))(
        tensor(5),
      ),
    [{ a: 'float325', b: 'float325' }, ['float32[5,5,5]', 'float32[5,5,5]', 'float32[1,2,3]']],
  ],
  'carries that change places an odd number of times': [
    () =>
      jit((p: Tensor, q: Tensor) => scan(({ a, b }: Two) => [{ a: b, b: a }, a], { a: p, b: q }, x()))(
        tensor(5),
        tensor(6),
      ),
    [{ a: 'float326', b: 'float325' }, 'float32[5,6,5]'],
  ],
  'a gradient by what is xs, carry and closed over at once': [
    () =>
      grad((v: Tensor) => sum(scan((c: Tensor, w: Tensor) => [mul(c, add(w, sum(v))), null], v, v)[0]))(tensor([1, 2])),
    'float32[62,59]',
  ],
  'foriLoop from a negative bound': [() => foriLoop(-2, 2, (i, c: Tensor) => add(c, i), tensor(0, 'int32')), 'int32-2'],
  'foriLoop without steps': [() => foriLoop(3, 1, (i, c: Tensor) => add(c, i), tensor(4)), 'float324'],
  'foriLoop to a tensor that is below': [
    () => foriLoop(3, tensor(1, 'int32'), (i, c: Tensor) => add(c, i), tensor(4)),
    'float324',
  ],
  'whileLoop from a number': [() => whileLoop((v: Tensor) => less(v, 100), double, 3), 'float32192'],
  'whileLoop without steps': [() => whileLoop((v: Tensor) => less(v, 100), double, 300), 'float32300'],
  'whileLoop of 100,000 steps': [
    () =>
      whileLoop(
        ({ a }: Two) => less(a, 100_000),
        ({ a, b }: Two) => ({ a: add(a, 1), b: add(b, 0.5) }),
        { a: tensor(0, 'int32'), b: zeros([2]) },
      ),
    { a: 'int32100000', b: 'float32[50000,50000]' },
  ],
  'cond by a number tensor': [
    () =>
      cond(
        tensor(2),
        () => 1,
        () => 2,
      ),
    'float321',
  ],
  'cond by a JS boolean': [
    () =>
      cond(
        true,
        (v: Tensor) => add(v, 1),
        (v: Tensor) => v,
        2,
      ),
    'float323',
  ],
  'cond keeps NaN of the other branch out of the gradient': [
    () =>
      grad((v: Tensor) =>
        cond(
          greater(v, 0),
          (y: Tensor) => sqrt(y),
          (y: Tensor) => mul(y, 3),
          v,
        ),
      )(tensor(-1)),
    'float323',
  ],
  'switch out of range is clamped': [
    () => [9, -9, 1].map((i) => switchCase(tensor(i, 'int32'), [(v: Tensor) => v, double], tensor(3))),
    ['float326', 'float323', 'float326'],
  ],
  'switch out of range under vmap': [
    () => vmap((i: Tensor) => switchCase(i, [() => 1, () => 2, () => 3]))(tensor([-5, 0, 1, 2, 9], 'int32')),
    'float32[1,1,2,3,3]',
  ],
  'switch of one branch': [() => switchCase(tensor(4, 'int32'), [double], tensor(3)), 'float326'],
  'map of no slices': [() => map(double, zeros([0, 3])), 'float32[]'],
  'map of no slices, batched': [() => map(double, zeros([0, 3]), { batchSize: 2 }), 'float32[]'],
};

describe('values', () => {
  test.each(Object.entries(cases))('%s', (_, [f, want]) => {
    expect(show(f())).toEqual(want);
    expect(show(jit(f)())).toEqual(want);
    expect(show(disableJit(f))).toEqual(want);
  });
});

describe('random keys', () => {
  test('as xs give what they give one by one', () => {
    const keys = split(key(1), 3);
    const want = [...keys].map((k) => uniform(k).itemSync());
    const [total, draws] = scan(
      (c: Tensor, k: Key) => [add(c, uniform(k)), uniform(k)] as const,
      tensor(0),
      keys as never,
    );
    expect(draws.arraySync()).toEqual(want);
    expect(total.itemSync()).toBeCloseTo(
      want.reduce<number>((a, b) => a + (b as number), 0),
      5,
    );
    expect(map((k: Key) => uniform(k), keys as never).arraySync()).toEqual(want);
    expect(map((k: Key) => uniform(k), keys as never, { batchSize: 2 }).arraySync()).toEqual(want);
  });
  test('as a carry', () => {
    let k = key(7);
    const want = Array.from({ length: 4 }, () => {
      const [next, use] = split(k);
      k = next!;
      return normal(use!).itemSync();
    });
    const step = (c: Key): readonly [Key, Tensor] => {
      const [next, use] = split(c);
      return [next!, normal(use!)];
    };
    const [last, draws] = scan(step as never, key(7), null, { length: 4 }) as unknown as [Key, Tensor];
    expect(draws.arraySync()).toEqual(want);
    expect(last.words.arraySync()).toEqual(k.words.arraySync());
  });
});

describe('donation', () => {
  const made = (shape: readonly number[], value: number): Tensor => jit(() => zeros(shape).add(value))();
  test('of the carry of a loop', () => {
    const step = jit((c: Tensor, xs: Tensor) => scan((h: Tensor, v: Tensor) => [add(h, v), null], c, xs)[0], {
      donate: 0,
    });
    let c = made([4], 0);
    for (let i = 0; i < 3; i++) c = step(c, ones([5, 4]));
    expect(c.arraySync()).toEqual([15, 15, 15, 15]);
  });
  test('of a carry that is returned as it was, too', () => {
    const step = jit((c: Tensor, xs: Tensor) => [c, ...scan((h: Tensor, v: Tensor) => [add(h, v), h], c, xs)], {
      donate: 0,
    });
    expect(step(made([2], 0), ones([3, 2])).map((y) => y.arraySync())).toEqual([
      [0, 0],
      [3, 3],
      [
        [0, 0],
        [1, 1],
        [2, 2],
      ],
    ]);
  });
  test('of the xs', () => {
    const step = jit((c: Tensor, xs: Tensor) => scan((h: Tensor, v: Tensor) => [add(h, v), add(h, v)], c, xs), {
      donate: [0, 1],
    });
    expect(step(made([2], 0), made([3, 2], 1)).map((y) => y.arraySync())).toEqual([
      [3, 3],
      [
        [1, 1],
        [2, 2],
        [3, 3],
      ],
    ]);
  });
});
