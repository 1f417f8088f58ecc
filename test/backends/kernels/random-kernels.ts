// Random kernels for tests: axes, views upon views of fresh inputs, guards, gathers, choices and conversions.
import { type DType, type TypedArray } from '../../../src/core/dtype.ts';
import { call, compare as cmp, convert, select, type Expr } from '../../../src/core/expr.ts';
import {
  constant,
  count,
  linearize,
  newVar,
  scale,
  shift,
  sub,
  unlinearize,
  valueIndex,
  variable,
  zero,
  type Guard,
  type Index,
  type Var,
} from '../../../src/core/index-expr.ts';
import type { ReduceOp } from '../../../src/core/lowering.ts';
import type { Action, ContractKernel, LoopKernel, Stage } from '../../../src/jit/kernel.ts';
import { acc, at, guarded, indexValue, load, local, product, reduce, row, store } from './build.ts';
import { random } from './plans.ts';

/** A number in 0 .. n-1. */
export type Next = (n: number) => number;

export interface Drawn<K> {
  readonly kernel: K;
  readonly inputs: readonly (readonly [DType, number])[];
  readonly outputs: readonly (readonly [DType, number])[];
  readonly data: readonly TypedArray[];
}

const generator = (next: Next, extents: readonly number[], double: boolean) => {
  const pick = <A>(xs: readonly A[]): A => xs[next(xs.length)]!;
  const floats = next(3) === 0 && double ? 'float64' : 'float32';
  const inputs: [DType, number][] = [];
  const data: TypedArray[] = [];
  const input = (d: DType, length: number): number => {
    inputs.push([d, length]);
    data.push(random(d, length, inputs.length + next(1000)));
    return inputs.length - 1;
  };
  const factors = (n: number): number[] => {
    const out: number[] = [];
    let rest = n;
    while (rest > 1 && out.length < 3) {
      const divisors = Array.from({ length: rest }, (_, i) => i + 1).filter((k) => rest % k === 0);
      const f = pick(divisors);
      out.push(f);
      rest /= f;
    }
    if (rest > 1) out.push(rest);
    return out.length === 0 ? [1] : out;
  };

  /** A load of a fresh input through a random chain of views. */
  const view = (vs: readonly Var[], d: DType): Expr => {
    let index: Index[] = vs.map(variable);
    let shape = vs.map((v) => v.extent);
    const guards: Guard[] = [];
    for (let steps = next(5); steps > 0; steps--) {
      const axis = next(Math.max(1, shape.length));
      const e = shape[axis];
      if (e === undefined) break;
      switch (next(7)) {
        case 0: {
          const order = shape.map((_, i) => i).sort(() => next(3) - 1);
          index = order.map((i) => index[i]!);
          shape = order.map((i) => shape[i]!);
          break;
        }
        case 1:
        case 2: {
          const to = factors(product(shape));
          index = unlinearize(linearize(index, shape), to);
          shape = to;
          break;
        }
        case 3:
          index[axis] = sub(constant(e - 1), index[axis]!);
          break;
        case 4:
          if (e > 2) {
            const low = next(2) + 1;
            guards.push({ index: index[axis]!, lo: low, hi: e - 1 + (low - 1) });
            index[axis] = shift(index[axis]!, -low);
            shape[axis] = e - 2;
          }
          break;
        case 5: {
          const [stride, offset] = [next(3) + 1, next(3)];
          index[axis] = shift(scale(index[axis]!, stride), offset);
          shape[axis] = (e - 1) * stride + offset + 1;
          break;
        }
        default:
          index[axis] = zero;
          shape[axis] = 1;
      }
    }
    if (next(5) === 0 && shape.length > 0) {
      // Rows picked by an index tensor, some of them out of range.
      const axis = next(shape.length);
      const rows = shape[axis]!;
      const table = input('int32', product(shape));
      data[table]!.forEach((_, i) => (data[table]![i] = ((i * 7) % (rows + 2)) - 1));
      const picked = valueIndex(load(table, linearize(index, shape), 'int32'));
      guards.push({ index: picked, lo: 0, hi: rows });
      index[axis] = picked;
    }
    return load(input(d, product(shape)), linearize(index, shape), d, guards, next(2));
  };

  const value = (vs: readonly Var[], d: DType, depth: number, leaves: readonly Expr[] = []): Expr => {
    if (depth === 0 || next(4) === 0) {
      if (leaves.length > 0 && next(2) === 0) return convert(pick(leaves), d);
      return next(6) === 0 ? convert(indexValue(vs.length === 0 ? zero : variable(pick(vs))), d) : view(vs, d);
    }
    const sub1 = (t: DType = d): Expr => value(vs, t, depth - 1, leaves);
    const other: DType = pick(['float32', 'int32', 'bool', floats]);
    switch (next(6)) {
      case 0:
        return select(cmp(pick(['lt', 'eq', 'ge'] as const), sub1(other), sub1(other)), sub1(), sub1());
      case 1:
        return convert(sub1(other), d);
      case 2:
        if (vs.length > 0) {
          const v = pick(vs);
          const guard = { index: shift(variable(v), -1), lo: 0, hi: Math.max(1, v.extent - 2) };
          return guarded(guard, sub1(), sub1());
        }
        return sub1();
      default:
        return d === 'bool'
          ? call(pick(['and', 'or', 'xor'] as const), d, sub1(), sub1())
          : call(pick(['add', 'mul', 'min', 'max', 'sub'] as const), d, sub1(), sub1());
    }
  };

  const axes = (length: number): Var[] => Array.from({ length }, () => newVar(pick(extents)));
  return { pick, view, value, axes, floats: floats as DType, inputs, data };
};

/** `double`: whether float64 may be in it. */
export const randomLoop = (next: Next, double: boolean): Drawn<LoopKernel> => {
  const { pick, value, axes, floats, inputs, data } = generator(next, [1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 20], double);
  const outer = axes(next(4));
  const outputs: [DType, number][] = [];
  const stores: { d: DType; vs: readonly Var[]; value: Expr; stage: number }[] = [];
  const stages: { axes: Var[]; actions: Action[] }[] = [];
  const kinds = next(3);
  if (kinds === 0) {
    stages.push({ axes: [], actions: [] });
    for (let i = next(2); i >= 0; i--) {
      const d = pick<DType>(['float32', 'int32', 'uint32', 'bool', floats]);
      stores.push({ d, vs: outer, value: value(outer, d, 2), stage: 0 });
    }
  } else {
    const inner = axes(next(2) + 1);
    const d: DType = pick(['float32', 'int32', floats]);
    const op: ReduceOp = pick(['sum', 'max', 'min', 'argmax', 'argmin']);
    const to: DType = op.startsWith('arg') ? 'int32' : d;
    const v = value([...outer, ...inner], d, 1);
    stages.push({
      axes: inner,
      actions: [reduce(op, v, 0, to), { kind: 'row', row: 0, dtype: d, value: v }],
    });
    const found = local(0, to);
    stages.push({ axes: [], actions: [] });
    stores.push({ d: to, vs: outer, value: found, stage: 1 });
    if (kinds === 2) {
      stages.push({ axes: inner, actions: [] });
      stores.push({
        d,
        vs: [...outer, ...inner],
        value: call('add', d, row(0, d), convert(found, d)),
        stage: 2,
      });
    }
  }
  for (const s of stores) {
    outputs.push([s.d, count(s.vs)]);
  }
  stores.forEach((s, i) => {
    const order = next(2) === 0 ? s.vs : [...s.vs].reverse();
    stages[s.stage]!.actions.push(store(inputs.length + i, at(...order), s.value));
  });
  return { kernel: { kind: 'loop', name: 'random', outer, stages: stages as Stage[] }, inputs, outputs, data };
};

export const randomContract = (next: Next, double: boolean): Drawn<ContractKernel> => {
  const { value, view, axes, floats: dtype, inputs, data } = generator(next, [1, 2, 3, 4, 5, 6, 8, 9], double);
  const [batch, m, n, k] = [axes(next(2)), axes(next(3)), axes(next(3)), axes(next(3))];
  const all = [...batch, ...m, ...n];
  const operand = (vs: readonly Var[]): Expr => (next(3) === 0 ? value(vs, dtype, 1) : view(vs, dtype));
  const a = operand([...batch, ...m, ...k]);
  const b = operand([...batch, ...n, ...k]);
  const values = Array.from({ length: 1 + next(2) }, () =>
    next(2) === 0 ? acc(dtype) : call('add', dtype, acc(dtype), value(all, dtype, 1)),
  );
  const outputs = values.map((): [DType, number] => [dtype, count(all)]);
  const epilogue = values.map((v, i) => {
    const order = next(2) === 0 ? all : [...all].sort(() => next(3) - 1);
    return store(inputs.length + i, at(...order), v);
  });
  return { kernel: { kind: 'contract', name: 'random', dtype, batch, m, n, k, a, b, epilogue }, inputs, outputs, data };
};
