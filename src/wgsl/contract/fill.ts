// How a slab of an operand comes into workgroup memory: step by step of the common dimension, its rows side by side.
import { visit, type Expr } from '../../core/expr.ts';
import { visitVars, type Var } from '../../core/index-expr.ts';
import type { Shader } from '../shader.ts';
import { registerType } from '../types.ts';
import { renderValue } from '../vector-expr.ts';
import { guardsAgree, isQuad, laneOf, varies, vectorizable, visitAll, type Lane } from '../vector.ts';
import { invocations, type Tile } from './config.ts';
import { createTaker, nameParts } from './hoist.ts';
import type { Problem } from './problem.ts';

/** One operand: its element at a row (of the left operand; a column of the right one) and a step of the common dimension. */
export interface Operand {
  readonly array: string;
  readonly expr: Expr;
  readonly own: Var;
  /** Rows of a tile, and the name of the first one's number. */
  readonly rows: number;
  readonly origin: string;
  /** Along which it is read in vectors. */
  readonly lane: Lane | undefined;
  /** Whether it is kept as numbers of 16 bits, all of its elements being such. */
  readonly half: boolean;
}
export interface Fill {
  /** Vectors in workgroup memory from step to step. */
  readonly stride: number;
  /** A vector in workgroup memory, as it is computed with. */
  readonly at: (place: string) => string;
  /** Lines before the loop. */
  readonly prepare: () => void;
  /** Reads the slab that begins at the step `k0` into registers. */
  readonly read: () => void;
  /** Puts them into workgroup memory. */
  readonly write: () => void;
}

/** Whether neighbouring values of a variable are neighbours in memory. */
export const contiguous = (e: Expr, v: Var): boolean => {
  let found = false;
  visit(e, (x) => {
    if (x.op === 'load')
      for (const t of x.index.terms)
        if (Math.abs(t.coef) === 1 && (t.atom.kind !== 'digit' || t.atom.div === 1))
          visitVars({ offset: 0, terms: [t] }, (w) => (found ||= w === v));
  });
  return found;
};

/** The first of the variables along which all that an expression reads comes in vectors. */
export const laneAlong = (s: Shader, e: Expr, vars: readonly Var[]): Lane | undefined => {
  for (const v of vars) {
    if (v.extent % 4 !== 0) continue;
    const lane = laneOf(v);
    let [some, all] = [false, vectorizable(lane, [e])];
    visitAll([e], (x) => {
      if (x.op !== 'load' || !varies(lane, x)) return;
      some = true;
      all &&= isQuad(s, lane, x.buffer, x.index) && guardsAgree(lane, x.guards);
    });
    if (some && all) return lane;
  }
  return undefined;
};

const four = [0, 1, 2, 3] as const;

/**
 * Memory is read along the operand's contiguous axis, in vectors where it comes in fours. Rows beyond the last one are read as the
 * last one, as nobody looks at what they become; steps beyond the last one are 0.
 */
export const createFill = (s: Shader, p: Problem, t: Tile, o: Operand, base: ReadonlyMap<number, string>): Fill => {
  const { array: a, own: row, lane } = o;
  const step = p.common;
  const type = registerType(p.kernel.dtype);
  const vector = `vec4<${type}>`;
  const byRow = createTaker([p.batch, row], lane);
  const byStep = createTaker([step], lane);
  const expr = byStep.expr(byRow.expr(o.expr));
  const [alongRows, alongSteps] = [lane?.axis === row, lane?.axis === step];

  // A unit is what an invocation reads at once: four rows at one step, or at four steps.
  const threads = invocations(t);
  const stepUnits = alongSteps ? t.depth / 4 : t.depth;
  const rowUnits = o.rows / 4;
  const stepsFirst = !alongRows && (alongSteps || contiguous(o.expr, step) || !contiguous(o.expr, row));
  const fast = stepsFirst ? stepUnits : rowUnits;
  const units = stepUnits * rowUnits;
  const each = Math.max(1, units / threads);
  const stride = rowUnits + (stepsFirst ? 1 : 0);
  const partial = step.extent % t.depth !== 0;
  if (o.half) s.enable('f16');
  const kept = o.half ? 'vec4<f16>' : vector;
  s.declare(`var<workgroup> ${a}: array<${kept}, ${stride * t.depth}>;`);
  const keep = (value: string): string => (o.half ? `${kept}(${value})` : value);
  const at = (place: string): string => (o.half ? `${vector}(${a}[${place}])` : `${a}[${place}]`);

  const rowOf = (i: number): string => (stepsFirst && i > 0 ? `${a}_q${i}` : `${a}_q`);
  const stepOf = (i: number): string => (!stepsFirst && i > 0 ? `${a}_s${i}` : `${a}_s`);
  const slow = (i: number): string => `lane / ${fast}${i === 0 ? '' : ` + ${(i * threads) / fast}`}`;
  const quick = `lane % ${fast}`;
  /** For each unit (or for all alike) names for each of its rows. */
  const rowNames: ReadonlyMap<number, string>[][] = [];
  const nameRow = (i: number, j: number): ReadonlyMap<number, string> => {
    const names = new Map(base);
    if (row.extent > 1) {
      const at = `${o.origin} + ${rowOf(i)} * 4${j === 0 ? '' : ` + ${j}`}`;
      const name = s.fresh(`${a}_row`);
      const last = row.extent - (alongRows ? 4 : 1);
      s.line(`let ${name} = ${row.extent % o.rows === 0 ? at : `min(${at}, ${last})`};`);
      names.set(row.id, name);
    }
    return nameParts(s, names, byRow.parts());
  };
  const prepare = (): void => {
    for (let i = 0; i < each; i++) {
      if (i === 0 || stepsFirst) s.line(`let ${rowOf(i)} = ${stepsFirst ? slow(i) : quick};`);
      if (i === 0 || !stepsFirst) s.line(`let ${stepOf(i)} = ${stepsFirst ? quick : slow(i)};`);
      if (i === 0 || stepsFirst) rowNames.push((alongRows ? [0] : four).map((j) => nameRow(i, j)));
    }
  };

  const register = (i: number, j = 0): string => (alongSteps ? `${a}${i}_${j}` : `${a}${i}`);
  const read = (): void => {
    const stepNames: Map<number, string>[] = [];
    const nameStep = (i: number): void => {
      const name = s.fresh(`${a}_k`);
      s.line(`let ${name} = k0 + ${stepOf(i)}${alongSteps ? ' * 4' : ''};`);
      stepNames.push(nameParts(s, new Map([[step.id, name]]), byStep.parts()));
    };
    for (let i = 0; i < each; i++) {
      if (i === 0 || !stepsFirst) nameStep(i);
      const steps = stepNames[stepsFirst ? 0 : i]!;
      for (const j of alongSteps ? four : [0]) s.line(`var ${register(i, j)} = ${vector}();`);
      const tests = [
        ...(units < threads ? [`lane < ${units}`] : []),
        ...(partial ? [`${steps.get(step.id)!} < ${step.extent}`] : []),
      ];
      if (tests.length > 0) s.open(`if (${tests.join(' && ')})`);
      rowNames[stepsFirst ? i : 0]!.forEach((rows, j) => {
        const names = { vars: new Map([...rows, ...steps]) };
        // A block of its own: names of what is computed for one row mean something else for the next.
        s.open('');
        const to = alongRows ? register(i) : alongSteps ? register(i, j) : `${register(i)}[${j}]`;
        s.line(`${to} = ${renderValue(s, names, lane, expr)};`);
        s.close();
      });
      if (tests.length > 0) s.close();
    }
  };

  const write = (): void => {
    for (let i = 0; i < each; i++) {
      const [q, k] = [rowOf(i), stepOf(i)];
      if (units < threads) s.open(`if (lane < ${units})`);
      if (!alongSteps) s.line(`${a}[${k} * ${stride} + ${q}] = ${keep(register(i))};`);
      else
        for (const c of four) {
          const column = four.map((j) => `${register(i, j)}[${c}]`).join(', ');
          s.line(`${a}[(${k} * 4 + ${c}) * ${stride} + ${q}] = ${keep(`${vector}(${column})`)};`);
        }
      if (units < threads) s.close();
    }
  };
  return { stride, at, prepare, read, write };
};
