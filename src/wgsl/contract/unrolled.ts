// Contractions where a processor plays the GPU: many sums in the registers of each invocation and four steps at once, without workgroup memory, as barriers are dear there and loops are too.
import type { Expr } from '../../core/expr.ts';
import { newVar, scale, shift, variable, type Var } from '../../core/index-expr.ts';
import { plusProduct } from '../operation.ts';
import { numberGroups } from '../points.ts';
import { createShader, type Shader, type Target } from '../shader.ts';
import type { Dispatch } from '../steps.ts';
import { registerType } from '../types.ts';
import { renderValue } from '../vector-expr.ts';
import { packFor, varies, type Lane } from '../vector.ts';
import type { Blocks } from './block.ts';
import { laneAlong } from './fill.ts';
import { endSum, storesUse, type Value } from './finish.ts';
import { createTaker, nameParts } from './hoist.ts';
import { substitution, type Problem } from './problem.ts';
import { storeSum, sumAxes, summedSides, sumsUse } from './sums.ts';

/** Rounds of four steps that are summed up before they are added to a total. */
const block = 256;
const four = [0, 1, 2, 3] as const;

/** Names of an invocation's values of each axis. */
const place = (s: Shader, { axes, lane }: Blocks, counts: readonly number[]): Map<Var, readonly Value[]> => {
  const values = new Map<Var, readonly Value[]>();
  let below = 1;
  for (let i = axes.length - 1; i >= 0; i--) {
    const { axis, each } = axes[i]!;
    const number = `p / ${below} % ${counts[i]!}`;
    below *= counts[i]!;
    if (axis.extent === 1) {
      values.set(axis, [{ name: undefined, test: undefined }]);
      continue;
    }
    const first = s.fresh('at');
    s.line(`let ${first} = ${each === 1 ? number : `${number} * ${each}`};`);
    const width = axis === lane?.axis ? 4 : 1;
    const ragged = axis.extent % each !== 0;
    const own = Array.from({ length: Math.ceil(each / width) }, (_, j): Value => {
      if (j === 0) return { name: first, test: undefined };
      const name = s.fresh('at');
      const at = `${first} + ${j * width}`;
      s.line(`let ${name} = ${ragged ? `min(${at}, ${axis.extent - width})` : at};`);
      return { name, test: ragged ? `${at} < ${axis.extent}` : undefined };
    });
    values.set(axis, own);
  }
  return values;
};

/** How an operand is read: in vectors along the results' lane, four steps or four rows (columns) at once, or one by one. */
interface Reading {
  readonly kind: 'results' | 'steps' | 'rows' | 'single';
  readonly lane: Lane | undefined;
}

const readingOf = (s: Shader, p: Problem, c: Blocks, e: Expr, own: Var): Reading => {
  if (c.lane !== undefined && varies(c.lane, e)) return { kind: 'results', lane: c.lane };
  const steps = laneAlong(s, e, [p.common]);
  if (steps !== undefined) return { kind: 'steps', lane: steps };
  const { each } = c.axes.find((x) => x.axis === own)!;
  const rows = each % 4 === 0 && own.extent % each === 0 ? laneAlong(s, e, [own]) : undefined;
  return rows === undefined ? { kind: 'single', lane: undefined } : { kind: 'rows', lane: rows };
};

/** Needs a multiple of four steps. */
export const renderUnrolled = (p: Problem, c: Blocks, target: Target): Dispatch => {
  const s = createShader(target);
  const { lane, parts, across, axes } = c;
  const type = registerType(p.kernel.dtype);
  const accType = lane === undefined ? type : `vec4<${type}>`;
  const rounds = p.common.extent / 4;
  const round = newVar(rounds);
  const stepped = four.map((i) =>
    substitution((v) => (v === p.common ? shift(scale(variable(round), 4), i) : undefined)),
  );
  const operands = (
    [
      ['lhs', p.left, p.row],
      ['rhs', p.right, p.column],
    ] as const
  ).map(([prefix, e, own]) => {
    const reading = readingOf(s, p, c, e, own);
    const exprs = reading.kind === 'steps' ? [e] : stepped.map((x) => x.expr(e));
    return { prefix, own, reading, exprs };
  });
  packFor(s, [
    ...operands.map((o) => ({ lane: o.reading.lane, values: o.exprs, stores: [] })),
    ...(parts === 1 ? [storesUse(p, lane), sumsUse(p)] : []),
  ]);

  const counts = axes.map(({ axis, each }) => Math.ceil(axis.extent / each));
  const points = counts.reduce((a, b) => a * b, 1);
  const groups = Math.ceil(points / across);
  const workgroups = numberGroups(s, groups * parts);
  if (parts > 1) s.line(`let part = g / ${groups};`);
  const whole = points % across === 0;
  s.line(`let p = ${parts === 1 ? 'g' : `(g % ${groups})`} * ${across} + i32(index);`);
  if (!whole) s.line(`if (p >= ${points}) { return; }`);
  const values = place(s, c, counts);
  const at = (axis: Var): readonly Value[] => values.get(axis)!;

  const sides = operands.map(({ prefix, own, reading, exprs }) => {
    const bySelf = createTaker([p.batch, own], reading.lane);
    const byStep = createTaker([p.common, round], reading.lane);
    const rest = exprs.map((e) => byStep.expr(bySelf.expr(e)));
    const every = reading.kind === 'rows' ? 4 : 1;
    const names = at(p.batch).flatMap((a) =>
      at(own).flatMap((b, i) => {
        if (i % every !== 0) return [];
        const vars = new Map<number, string>();
        if (a.name !== undefined) vars.set(p.batch.id, a.name);
        if (b.name !== undefined) vars.set(own.id, b.name);
        return [nameParts(s, vars, bySelf.parts())];
      }),
    );
    const read = (): void => {
      const base = new Map([
        [p.common.id, 'k'],
        [round.id, 'q'],
      ]);
      const steps = nameParts(s, base, byStep.parts());
      const { lane: along } = reading;
      for (const [i, mine] of names.entries())
        for (const [j, e] of rest.entries()) {
          const name = `${prefix}${i}_${j}`;
          const vars = { vars: new Map([...mine, ...steps]) };
          s.line(`var ${name}: ${along === undefined ? type : `vec4<${type}>`};`);
          s.open('');
          s.line(`${name} = ${renderValue(s, vars, along, e)};`);
          s.close();
        }
    };
    /** The value of the i-th row (or column) at the j-th step. */
    const value = (i: number, j: number): string =>
      reading.kind === 'steps'
        ? `${prefix}${i}_0.${'xyzw'[j]!}`
        : reading.kind === 'rows'
          ? `${prefix}${i >> 2}_${j}.${'xyzw'[i & 3]!}`
          : `${prefix}${i}_${j}`;
    const term = (i: number, j: number): string =>
      lane === undefined || reading.kind === 'results' ? value(i, j) : `${accType}(${value(i, j)})`;
    return { read, value, term };
  });
  const [left, right] = sides as [(typeof sides)[0], (typeof sides)[0]];

  const [batches, rows, columns] = [at(p.batch).length, at(p.row).length, at(p.column).length];
  const accs = Array.from({ length: batches * rows * columns }, (_, i) => {
    const [z, r, q] = [Math.floor(i / (rows * columns)), Math.floor(i / columns) % rows, i % columns];
    return { name: `acc${i}`, total: `total${i}`, z, r, q };
  });
  // Sums of an operand, which those keep that have the first rows (or columns).
  const beside = summedSides(p).flatMap((side) => {
    const { own, edge } = sumAxes(p, side);
    const index = side === 'a' ? 0 : 1;
    const wide = operands[index]!.reading.kind === 'results';
    const first = at(edge)[0]!.name;
    return at(own).map((x, i) => ({
      side,
      place: x.name ?? '0',
      inside: x.test === undefined ? '' : `if (${x.test})`,
      edge: first === undefined ? '' : `if (${first} == 0)`,
      name: `${side}_sum${i}`,
      total: `${side}_total${i}`,
      type: wide ? `vec4<${type}>` : type,
      added: (step: number) => sides[index]!.value(i, step),
      elements: own === lane?.axis ? four.map((c) => (wide ? `[${c}]` : '')) : [''],
    }));
  });
  const kept = [...accs.map((a) => ({ ...a, type: accType })), ...beside];
  const length = Math.ceil(rounds / parts);
  const totals = length > 2 * block;
  let [from, to] = ['0', String(rounds)];
  if (parts > 1) {
    s.line(`let last = min(${rounds}, (part + 1) * ${length});`);
    [from, to] = [`part * ${length}`, 'last'];
  }
  if (totals) {
    for (const a of kept) s.line(`var ${a.total} = ${a.type}();`);
    s.open(`for (var q0 = ${from}; q0 < ${to}; q0 += ${block})`);
    s.line(`let end = min(${to}, q0 + ${block});`);
    [from, to] = ['q0', 'end'];
  }
  for (const a of kept) s.line(`var ${a.name} = ${a.type}();`);
  s.open(`for (var q = ${from}; q < ${to}; q++)`);
  s.line('let k = q * 4;');
  left.read();
  right.read();
  for (const { name, z, r, q } of accs) {
    const [i, j] = [z * rows + r, z * columns + q];
    for (const step of four) s.line(plusProduct(p.kernel.dtype, name, left.term(i, step), right.term(j, step)));
  }
  for (const { edge, name, added } of beside)
    s.line(`${edge === '' ? '' : `${edge} `}{ ${name} += ${four.map(added).join(' + ')}; }`);
  s.close();
  if (totals) {
    for (const a of kept) s.line(`${a.total} += ${a.name};`);
    s.close();
  }

  for (const a of accs) {
    const used = [
      [p.batch, at(p.batch)[a.z]!],
      [p.row, at(p.row)[a.r]!],
      [p.column, at(p.column)[a.q]!],
    ] as const;
    endSum(s, p, parts, used, [], lane, totals ? a.total : a.name);
  }
  for (const b of beside) {
    s.open(b.edge);
    s.open(b.inside);
    for (const [c, element] of b.elements.entries()) {
      s.open('');
      s.line(`let place = ${b.place} + ${c};`);
      storeSum(s, p, parts, b.side, 'place', `${totals ? b.total : b.name}${element}`);
      s.close();
    }
    s.close();
    s.close();
  }
  const head = `@compute @workgroup_size(${across})\nfn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) index: u32)`;
  return s.finish(p.kernel.name, head, workgroups);
};
