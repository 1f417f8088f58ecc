// Type tests: functions that control flow and custom rules are given see tensors where the user gave numbers, and trees keep their fields.
import {
  checkpoint,
  cond,
  customJvp,
  customVjp,
  foriLoop,
  jit,
  map,
  scan,
  switchCase,
  tensor,
  vmap,
  whileLoop,
  zeros,
  type Tensor,
} from '../../src/index.ts';
import { key, normal, split, type Key } from '../../src/random/index.ts';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
declare const same: <A, B>(yes: Same<A, B>) => void;

type Row = Tensor<readonly number[], 'float32'>;

// Without annotations: the carry is a tree of numbers and tensors, the slices those of a tree.
const [last, ys] = scan(
  ({ h, n }, { x, k }) => {
    same<Row, typeof h>(true);
    same<Tensor, typeof n>(true);
    same<Row, typeof x>(true);
    same<Key, typeof k>(true);
    return [{ h: h.add(x).add(normal(k, [3])), n: n.add(1) }, h.sum()];
  },
  { h: zeros([3]), n: 0 },
  { x: zeros([5, 3]), k: split(key(0), 5) },
);
same<Row, typeof last.h>(true);
same<Tensor, typeof last.n>(true);
ys.add(1);

// No xs: the slice is null.
const [total] = scan((c, x) => [c.add(1), x], tensor(0), null, { length: 3 });
total.add(1);

const counted = foriLoop(0, 3, (i, { a }) => ({ a: a.add(i) }), { a: zeros([2]) });
same<Row, typeof counted.a>(true);
const doubled = whileLoop(
  ([x]) => x.sum().less(100),
  ([x, n]) => [x.mul(2), n.add(1)],
  [zeros([2]), 0] as const,
);
same<Row, (typeof doubled)[0]>(true);

cond(
  tensor(true),
  (x, y) => x.add(y),
  (x, y) => x.sub(y),
  zeros([2]),
  zeros([2]),
).add(1);
const three = (x: Tensor, y: Tensor, z: Tensor): Tensor => x.add(y).add(z);
// @ts-expect-error a branch takes three operands, two are given
cond(tensor(true), three, three, zeros([2]), zeros([2]));
switchCase(tensor(1, 'int32'), [(x) => x, (x) => x.neg()], zeros([2])).add(1);
map((x) => x.square(), zeros([4, 2])).add(1);

// Tuples stay tuples, in the carry, the slices and the results.
const [[tree], pairs] = scan(
  ([{ w }, n], [x, y]) => [
    [{ w: w.add(x) }, n.add(1)],
    [y.z, w.sum()],
  ],
  [{ w: zeros([3]) }, tensor(0)],
  [zeros([4, 3]), { z: zeros([4]) }],
);
same<Row, typeof tree.w>(true);
pairs[0].add(pairs[1]);

// Rules keep the type of the function.
const f = customJvp({ call: (x: Tensor) => x.exp(), jvp: ([x], [dx]) => [x.exp(), dx.mul(x.exp())] });
same<(x: Tensor) => Tensor, typeof f>(true);
const g = customVjp({
  call: (x: Tensor, y: Tensor) => x.mul(y),
  fwd: (x, y) => [x.mul(y), { x, y }],
  bwd: ({ x, y }, ct) => [ct.mul(y), ct.mul(x)],
});
same<(x: Tensor, y: Tensor) => Tensor, typeof g>(true);
const h = checkpoint((x: Tensor, y: Tensor) => x.mul(y).sum());
same<[x: Tensor, y: Tensor], Parameters<typeof h>>(true);
jit(vmap(g))(zeros([3]), zeros([3])).add(1);
