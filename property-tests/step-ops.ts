// What random steps are made of: operations on floats, integers, booleans and keys, with control flow and transforms among them.
import * as ct from '../src/index.ts';
import { jit, type Tensor } from '../src/index.ts';
import { foldIn, Key, split, uniform } from '../src/random/index.ts';

export type Leaf = Tensor | Key;
export type Kind = 'float' | 'int' | 'bool' | 'key';
export interface Spec {
  readonly kind: Kind;
  readonly shape: readonly number[];
}
export type Float = 'float32' | 'float64';

/** Control flow inside of a step: as the library has it, or as plain JS with the same meaning. */
export interface Inner {
  readonly scan: (f: (c: Tensor, x: Tensor) => [Tensor, Tensor], init: Tensor, xs: Tensor) => [Tensor, Tensor];
  readonly cond: (p: Tensor, a: (x: Tensor) => Tensor, b: (x: Tensor) => Tensor, x: Tensor) => Tensor;
  /** The body at most three times. */
  readonly loop: (go: (x: Tensor) => Tensor, body: (x: Tensor) => Tensor, x: Tensor) => Tensor;
}
export const library: Inner = {
  scan: (f, init, xs) => ct.scan(f, init, xs) as [Tensor, Tensor],
  cond: (p, a, b, x) => ct.cond(p, a, b, x),
  loop: (go, body, x) =>
    ct.whileLoop(
      (c) => ct.logicalAnd(ct.less(c.k, 3), go(c.x)),
      (c) => ({ k: ct.add(c.k, 1), x: body(c.x) }),
      { k: ct.tensor(0, 'int32'), x },
    ).x,
};
export const plain: Inner = {
  scan: (f, init, xs) => {
    let carry = init;
    const ys = ct.unstack(xs).map((x) => {
      const [next, y] = f(carry, x);
      carry = next;
      return y;
    });
    return [carry, ct.stack(ys)];
  },
  cond: (p, a, b, x) => ct.where(p, a(x), b(x)),
  loop: (go, body, x) => {
    let [y, on] = [x, ct.tensor(true) as Tensor];
    for (let k = 0; k < 3; k++) {
      on = ct.logicalAnd(on, go(y));
      y = ct.where(on, body(y), y);
    }
    return y;
  },
};

const kindOf = (x: Leaf): Kind =>
  x instanceof Key ? 'key' : x.dtype === 'bool' ? 'bool' : x.dtype === 'int32' ? 'int' : 'float';
const isSame = (a: readonly number[], b: readonly number[]): boolean => a.join() === b.join();
const asFloat = (x: Leaf, dtype: Float): Tensor =>
  x instanceof Key ? uniform(x, [], { dtype }) : kindOf(x) === 'float' ? x : ct.astype(x, dtype);
const asInt = (x: Leaf): Tensor =>
  x instanceof Key
    ? ct.astype(ct.bitwiseAnd(x.words.slice(1), 7), 'int32')
    : kindOf(x) === 'int'
      ? x
      : ct.astype(kindOf(x) === 'bool' ? x : ct.greater(x, 0.2), 'int32');
const asBool = (x: Leaf): Tensor =>
  x instanceof Key ? ct.greater(asInt(x), 3) : kindOf(x) === 'bool' ? x : ct.greater(x, 0.1);
const asKey = (x: Leaf): Key =>
  x instanceof Key
    ? x
    : new Key(ct.astype(ct.stack([ct.astype(ct.sum(asInt(x)), 'int32'), ct.tensor(3, 'int32')]), 'uint32'));

/** A value of that kind and shape made of any other: itself where it is one already. */
export const fit = (x: Leaf, kind: Kind, shape: readonly number[], dtype: Float): Leaf => {
  if (kind === 'key') return asKey(x);
  const y = kind === 'float' ? asFloat(x, dtype) : kind === 'int' ? asInt(x) : asBool(x);
  if (isSame(y.shape, shape)) return y;
  const one = kind === 'bool' ? ct.any(y) : ct.sum(kind === 'float' ? y.mul(0.3) : y);
  return ct.broadcastTo(kind === 'int' ? ct.astype(one, 'int32') : one, shape);
};
const int = (x: Leaf): Tensor => fit(x, 'int', [], 'float64') as Tensor;

export interface Op {
  readonly code: string;
  /** undefined where the operands do not fit: the instruction does nothing. */
  readonly apply: (a: Leaf, b: Leaf, inner: Inner, dtype: Float) => Leaf | undefined;
}
const float = (code: string, f: (a: Tensor, b: Tensor, inner: Inner) => Tensor): Op => ({
  code,
  apply: (a, b, inner, dtype) => {
    const x = asFloat(a, dtype);
    return f(x, fit(b, 'float', x.shape, dtype) as Tensor, inner);
  },
});
/** Of rank 1 or more, with an index from the second operand. */
const indexed = (code: string, f: (a: Tensor, i: Tensor, b: Tensor) => Tensor): Op => ({
  code,
  apply: (a, b, _, dtype) => {
    const x = asFloat(a, dtype);
    return x.rank === 0
      ? undefined
      : f(x, ct.mod(int(b), x.shape[0]!), fit(b, 'float', x.shape.slice(1), dtype) as Tensor);
  },
});

export const ops: readonly Op[] = [
  float('tanh(a)', (a) => ct.tanh(a)),
  float('sin(a)', (a) => ct.sin(a)),
  float('exp(tanh(a))', (a) => ct.exp(ct.tanh(a))),
  float('mul(tanh(a), b)', (a, b) => ct.mul(ct.tanh(a), b)),
  float('add(mul(a, 0.6), mul(b, 0.3))', (a, b) => ct.add(a.mul(0.6), b.mul(0.3))),
  float('where(greater(a, 0.1), a, b)', (a, b) => ct.where(ct.greater(a, 0.1), a, b)),
  float('sum(mul(a, 0.5))', (a) => ct.sum(a.mul(0.5))),
  float('cumsum(tanh(a))', (a) => (a.rank === 0 ? a : ct.cumsum(ct.tanh(a), 0))),
  float('matmul(outer(a, b), a)', (a, b) =>
    a.rank === 1 ? ct.tanh(ct.matmul(ct.outer(a, b), a)) : ct.mul(ct.tanh(a), ct.tanh(b)),
  ),
  float('sort(a)', (a) => (a.rank === 0 ? a : ct.sort(a))),
  float('jit((a, b) => mul(sin(a), b))(a, b)', (a, b) => jit((x: Tensor, y: Tensor) => ct.mul(ct.sin(x), y))(a, b)),
  float('stopGradient(a)', (a) => ct.stopGradient(a)),
  float('grad((a) => sum(mul(sin(a), b)))(a)', (a, b) => ct.grad((x: Tensor) => ct.sum(ct.mul(ct.sin(x), b)))(a)),
  float('vmap((a, b) => mul(cos(sum(a)), b))(a, b)', (a, b) =>
    a.rank === 0 ? ct.cos(a) : ct.vmap((x: Tensor, y: Tensor) => ct.mul(ct.cos(ct.sum(x)), y))(a, b),
  ),
  float('scan over the first axis of a', (a, b, inner) =>
    a.rank === 0
      ? a
      : inner.scan(
          (c, x) => [ct.tanh(ct.add(c, ct.mul(x, ct.sum(b)))), ct.mul(c, x)],
          ct.zeros(a.shape.slice(1), a.dtype),
          a,
        )[1],
  ),
  float('cond(any(greater(b, 0)), sin, (x) => mul(x, b), a)', (a, b, inner) =>
    inner.cond(
      ct.any(ct.greater(b, 0)),
      (x) => ct.sin(x),
      (x) => ct.mul(x, ct.tanh(b)),
      a,
    ),
  ),
  indexed('take(a, i)', (a, i) => ct.take(a, i, { axis: 0 })),
  indexed('a.at(i).set(b)', (a, i, b) => a.at(i).set(b)),
  indexed('a.at(i).add(b)', (a, i, b) => a.at(i).add(b)),
  indexed('dynamicUpdateSlice(a, [b], [i, 0..])', (a, i, b) => {
    const zero = ct.tensor(0, 'int32');
    return ct.dynamicUpdateSlice(a, ct.expandDims(b, 0), [i, ...a.shape.slice(1).map(() => zero)]);
  }),
  { code: 'add(int(a), 1)', apply: (a) => ct.add(asInt(a), 1) },
  { code: 'remainder(mul(int(a), int(b)), 5)', apply: (a, b) => ct.remainder(ct.mul(int(a), int(b)), 5) },
  { code: 'not(bool(a))', apply: (a) => ct.logicalNot(asBool(a)) },
  { code: 'split(key(a))[1]', apply: (a) => [...split(asKey(a))][1]! },
  { code: 'foldIn(key(a), int(b))', apply: (a, b) => foldIn(asKey(a), int(b)) },
];
/** Without reverse mode. */
export const whileOp: Op = float('while (sum(x) < 1, 3 times) x = add(mul(x, 0.8), abs(b)), from a', (a, b, inner) =>
  inner.loop(
    (x) => ct.less(ct.sum(x), 1),
    (x) => ct.add(x.mul(0.8), ct.square(b)),
    a,
  ),
);
