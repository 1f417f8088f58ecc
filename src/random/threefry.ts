// Threefry-2x32: the counter-based generator behind every random number, as an elementwise primitive.
import { aval } from '../core/aval.ts';
import { arg, call, lit, type Expr } from '../core/expr.ts';
import { bind } from '../core/interpreter.ts';
import { alignBatch } from '../core/ops/structure.ts';
import type { Primitive } from '../core/primitive.ts';
import type { Tensor } from '../core/tensor.ts';

const u32 = (value: number): Expr => lit(value >>> 0, 'uint32');
const add = (x: Expr, y: Expr): Expr => call('add', 'uint32', x, y);
const xor = (x: Expr, y: Expr): Expr => call('xor', 'uint32', x, y);
const rotate = (x: Expr, by: number): Expr =>
  call('or', 'uint32', call('shl', 'uint32', x, u32(by)), call('shr', 'uint32', x, u32(32 - by)));

const rotations = [
  [13, 15, 26, 6],
  [17, 29, 16, 24],
] as const;

/** Twenty rounds, a key injected after every four (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011). */
const threefryExpr = (k0: Expr, k1: Expr, c0: Expr, c1: Expr): readonly [Expr, Expr] => {
  const keys = [k0, k1, xor(xor(k0, k1), u32(0x1bd11bda))] as const;
  let x = add(c0, keys[0]);
  let y = add(c1, keys[1]);
  for (let group = 0; group < 5; group++) {
    for (const r of rotations[group % 2]!) {
      x = add(x, y);
      y = xor(rotate(y, r), x);
    }
    x = add(x, keys[(group + 1) % 3]!);
    y = add(add(y, keys[(group + 2) % 3]!), u32(group + 1));
  }
  return [x, y];
};

/** (k0, k1, c0, c1) -> two words, all uint32 of one shape. */
export const threefryPrimitive: Primitive = {
  name: 'threefry2x32',
  shape: ([k0]) => [aval(k0!.shape, 'uint32'), aval(k0!.shape, 'uint32')],
  jvp: (primals, _, params) => ({ outs: bind(threefryPrimitive, primals, params), tangents: [null, null] }),
  transpose: null,
  batch: (inputs, axes, params, size) => ({
    outs: bind(threefryPrimitive, alignBatch(inputs, axes, size), params),
    axes: [0, 0],
  }),
  lower: () => ({
    tag: 'map',
    outs: threefryExpr(arg(0, 'uint32'), arg(1, 'uint32'), arg(2, 'uint32'), arg(3, 'uint32')),
  }),
};

export const threefry2x32 = (k0: Tensor, k1: Tensor, c0: Tensor, c1: Tensor): readonly [Tensor, Tensor] => {
  const [x, y] = bind(threefryPrimitive, [k0, k1, c0, c1], {});
  return [x!, y!];
};
