// The second stage of a contraction in parts: their sums are added in order, and the epilogue follows.
import { perPoint } from '../points.ts';
import { createShader, type Target } from '../shader.ts';
import type { Dispatch } from '../steps.ts';
import { fromWord, registerType } from '../types.ts';
import { packFor } from '../vector.ts';
import { columnLane, finish, storesUse } from './finish.ts';
import type { Problem } from './problem.ts';
import { addSums, partialWords, sumAxes, summedSides, sumsUse } from './sums.ts';

/** `parts` times the result's elements, in the order of batch, row and column, lie in scratch memory. */
export const renderSecond = (p: Problem, parts: number, target: Target): Dispatch => {
  const s = createShader(target);
  const [m, n] = [p.row.extent, p.column.extent];
  const size = p.batch.extent * m * n;
  const lane = columnLane(p);
  packFor(s, [storesUse(p, lane), sumsUse(p)]);
  const words = s.scratch(partialWords(p, parts));
  const width = lane === undefined ? 1 : 4;
  const { head, workgroups } = perPoint(s, size / width);
  if (width === 4) s.line('let at = p * 4;');
  const at = width === 4 ? 'at' : 'p';
  const vars = new Map<number, string>();
  const name = (v: { readonly id: number; readonly extent: number }, as: string, text: string): void => {
    if (v.extent === 1) return;
    s.line(`let ${as} = ${text};`);
    vars.set(v.id, as);
  };
  name(p.batch, 'b', `${at} / ${m * n}`);
  name(p.row, 'row', p.batch.extent === 1 ? `${at} / ${n}` : `${at} / ${n} % ${m}`);
  name(p.column, 'column', `${at} % ${n}`);
  const { dtype } = p.kernel;
  const sum = (from: string): string =>
    width === 1
      ? fromWord(`${words}[${from}]`, dtype)
      : `vec4<${registerType(dtype)}>(${[0, 1, 2, 3].map((c) => fromWord(`${words}[${from} + ${c}]`, dtype)).join(', ')})`;
  s.line(`var sum = ${sum(at)};`);
  s.line(`for (var part = 1; part < ${parts}; part++) { sum += ${sum(`part * ${size} + ${at}`)}; }`);
  finish(s, p, { vars, acc: 'sum' }, lane);
  for (const side of summedSides(p)) {
    const { own, edge } = sumAxes(p, side);
    const start = vars.get(own.id) ?? '0';
    s.open(vars.has(edge.id) ? `if (${vars.get(edge.id)!} == 0)` : '');
    for (let c = 0; c < (own === p.column ? width : 1); c++) {
      s.open('');
      s.line(`let place = ${start} + ${c};`);
      addSums(s, p, parts, side, 'place');
      s.close();
    }
    s.close();
  }
  return s.finish(`${p.kernel.name}_sum`, head, workgroups);
};
