// Reductions in progress: registers of an invocation, of one value or of four side by side, that take in values and other registers.
import type { DType } from '../core/dtype.ts';
import { identity } from '../core/ops/limits.ts';
import type { Action } from '../jit/kernel.ts';
import { argumentWins, combine } from './reduce.ts';
import type { Shader } from './shader.ts';
import { literal, registerType } from './types.ts';
import { vectorType } from './vector-operation.ts';

export type Reduce = Extract<Action, { readonly kind: 'reduce' }>;

export interface Folding {
  readonly action: Reduce;
  readonly wide: boolean;
  /** Dtypes and names of the registers; the last one is the result. */
  readonly types: readonly DType[];
  readonly names: readonly string[];
  /** Takes in a value; `position` is its row-major place among those reduced, `turn` how many came before. */
  update(value: string, position: string, turn: string): void;
  /** After the values. */
  end(): void;
  /** Takes in registers of the same kind, for places that come later or anywhere. */
  merge(others: readonly string[]): void;
}

// Additions in one accumulator before it is added to the next level's: long sums of floats stay accurate.
const blockBits = 6;
// The place of nothing yet.
const nowhere = '2147483647';

const typeOf = (d: DType, wide: boolean): string => (wide ? vectorType(d) : registerType(d));

/** Registers for a reduction of up to `count` values. */
export const folding = (s: Shader, action: Reduce, count: number, wide: boolean): Folding =>
  action.op === 'argmax' || action.op === 'argmin'
    ? argument(s, action, action.op, wide)
    : plain(s, action, count, wide);

const plain = (s: Shader, action: Reduce, count: number, wide: boolean): Folding => {
  const { op } = action;
  const dtype = op === 'any' || op === 'all' ? 'bool' : action.dtype;
  const unit = `${typeOf(dtype, wide)}(${literal(identity(op, dtype), dtype, s.use)})`;
  const levels =
    op === 'sum' && dtype === 'float32' && count > 0 ? Math.max(1, Math.ceil(Math.log2(count) / blockBits)) : 1;
  const acc = Array.from({ length: levels }, () => s.fresh('a'));
  acc.forEach((a) => s.line(`var ${a} = ${unit};`));
  const into = (value: string): void => s.line(`${acc[0]!} = ${combine(s, op, dtype, acc[0]!, value, wide)};`);
  return {
    action,
    wide,
    types: [dtype],
    names: [acc[0]!],
    update: (value, _, turn) => {
      into(value);
      for (let l = 1; l < levels; l++)
        s.line(
          `if (((${turn} + 1) & ${2 ** (blockBits * l) - 1}) == 0) { ${acc[l]!} += ${acc[l - 1]!}; ${acc[l - 1]!} = ${unit}; }`,
        );
    },
    end: () => {
      for (const a of acc.slice(1)) s.line(`${acc[0]!} += ${a};`);
    },
    merge: ([other]) => into(other!),
  };
};

// The first of the largest (smallest) values wins, NaN before all numbers.
const argument = (s: Shader, action: Reduce, op: 'argmax' | 'argmin', wide: boolean): Folding => {
  const d = action.value.dtype;
  const [best, at] = [s.fresh('a'), s.fresh('a')];
  s.line(`var ${best} = ${typeOf(d, wide)}(${literal(identity(op, d), d, s.use)});`);
  s.line(`var ${at} = ${typeOf('int32', wide)}(${nowhere});`);
  const none = `${at} == ${typeOf('int32', wide)}(${nowhere})`;
  const take = (test: string, value: string, position: string): void => {
    const wins = s.fresh('c');
    s.line(`let ${wins} = ${test};`);
    s.line(`${best} = select(${best}, ${value}, ${wins});`);
    s.line(`${at} = select(${at}, ${position}, ${wins});`);
  };
  const nan = wide ? 'is_nanx4' : 'is_nan';
  const same = (value: string): string => {
    if (d !== 'float32') return `(${value} == ${best})`;
    s.use(nan);
    return `((${value} == ${best}) | (${nan}(${value}) & ${nan}(${best})))`;
  };
  return {
    action,
    wide,
    types: [d, 'int32'],
    names: [best, at],
    update: (value, position) => take(`(${none}) | (${argumentWins(s, op, d, value, best, wide)})`, value, position),
    end: () => undefined,
    merge: ([value, position]) =>
      take(
        `(${none}) | (${argumentWins(s, op, d, value!, best, wide)}) | (${same(value!)} & (${position!} < ${at}))`,
        value!,
        position!,
      ),
  };
};

/** The registers of four side by side as those of one. */
export const narrowed = (s: Shader, f: Folding): Folding => {
  if (!f.wide) return f;
  const one = folding(s, f.action, 0, false);
  if (f.types.length === 1) {
    const { op } = f.action;
    const pair = (i: number): string =>
      combine(s, op, f.types[0]!, `${f.names[0]!}[${i}]`, `${f.names[0]!}[${i + 1}]`, false);
    const [x, y] = [s.fresh('a'), s.fresh('a')];
    s.line(`let ${x} = ${pair(0)};`);
    s.line(`let ${y} = ${pair(2)};`);
    s.line(`${one.names[0]!} = ${combine(s, op, f.types[0]!, x, y, false)};`);
  } else for (let i = 0; i < 4; i++) one.merge(f.names.map((n) => `${n}[${i}]`));
  return one;
};
