// What becomes of a contraction's sums: the epilogue's stores, four columns at a time where it can be.
import { count, type Var } from '../../core/index-expr.ts';
import type { Names } from '../expr.ts';
import type { Shader } from '../shader.ts';
import { toWord } from '../types.ts';
import { renderStores } from '../vector-expr.ts';
import { laneOf, vectorizable, type Lane, type Use } from '../vector.ts';
import type { Problem } from './problem.ts';

/** Four columns at once, where they come in fours and the stores' values can be computed so. */
export const columnLane = (p: Problem): Lane | undefined => {
  const lane = laneOf(p.column);
  return p.column.extent % 4 === 0 &&
    vectorizable(
      lane,
      p.stores.map((e) => e.value),
    )
    ? lane
    : undefined;
};

export const storesUse = (p: Problem, lane: Lane | undefined): Use => ({
  lane,
  values: p.stores.map((e) => e.value),
  stores: p.stores,
});

/** The stores of one sum, or of the four sums along a lane. */
export const finish = (s: Shader, p: Problem, names: Names, lane: Lane | undefined): void =>
  renderStores(s, names, lane, p.stores);

/** The stores of four sums, a vector named `sums`, in a row, from the column named `column` on. */
export const finishFour = (
  s: Shader,
  p: Problem,
  vars: ReadonlyMap<number, string>,
  lane: Lane | undefined,
  sums: string,
  column: string,
  whole: boolean,
): void => {
  if (lane !== undefined) {
    finish(s, p, { vars: new Map([...vars, [p.column.id, column]]), acc: sums }, lane);
    return;
  }
  s.open('for (var c = 0; c < 4; c++)');
  s.line(`let one = ${column} + c;`);
  if (!whole) s.open(`if (one < ${p.column.extent})`);
  s.line(`let sum = ${sums}[c];`);
  finish(s, p, { vars: new Map([...vars, [p.column.id, 'one']]), acc: 'sum' }, undefined);
  if (!whole) s.close();
  s.close();
};

/** Leaves a sum, or the four along a lane, in scratch memory: parts of the common dimension after each other. */
const partialStore = (
  s: Shader,
  p: Problem,
  parts: number,
  vars: ReadonlyMap<number, string>,
  lane: Lane | undefined,
  sum: string,
): void => {
  const axes = [p.batch, p.row, p.column];
  const words = s.scratch(parts * count(axes));
  for (const c of lane === undefined ? [0] : [0, 1, 2, 3]) {
    const at = axes.reduce((text, v) => {
      if (v.extent === 1) return text;
      const name = vars.get(v.id)!;
      const own = v === lane?.axis && c > 0 ? `${name} + ${c}` : name;
      return `(${text}) * ${v.extent} + ${own}`;
    }, 'part');
    s.line(`${words}[${at}] = ${toWord(lane === undefined ? sum : `${sum}[${c}]`, p.kernel.dtype)};`);
  }
};

/** A value of an axis in one invocation (the first of four along a lane): its name, and a test where it may lie beyond the end. */
export interface Value {
  readonly name: string | undefined;
  readonly test: string | undefined;
}

/** What becomes of an invocation's sum, or of the four along a lane, where its values of the axes are `at` and all tests hold. */
export const endSum = (
  s: Shader,
  p: Problem,
  parts: number,
  at: readonly (readonly [axis: Var, value: Value])[],
  inside: readonly string[],
  lane: Lane | undefined,
  sum: string,
): void => {
  const tests = [...at.flatMap(([, v]) => (v.test === undefined ? [] : [v.test])), ...inside];
  s.open(tests.length === 0 ? '' : `if (${tests.join(' && ')})`);
  const vars = new Map(at.flatMap(([v, x]) => (x.name === undefined ? [] : [[v.id, x.name] as const])));
  s.line(`let sum = ${sum};`);
  if (parts === 1) finish(s, p, { vars, acc: 'sum' }, lane);
  else partialStore(s, p, parts, vars, lane, 'sum');
  s.close();
};
