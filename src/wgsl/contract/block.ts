// Contractions without tiles: a few sums in the registers of each invocation, read straight from memory. For short sums, and for long ones of few rows or columns, which invocations share.
import type { Var } from '../../core/index-expr.ts';
import { plusProduct } from '../operation.ts';
import { numberGroups } from '../points.ts';
import { createShader, type Shader, type Target } from '../shader.ts';
import type { Dispatch } from '../steps.ts';
import { registerType } from '../types.ts';
import { renderValue } from '../vector-expr.ts';
import { packFor, type Lane } from '../vector.ts';
import { endSum, storesUse, type Value } from './finish.ts';
import { createTaker, nameParts, type Taker } from './hoist.ts';
import type { Problem } from './problem.ts';
import { storeSum, sumAxes, summedSides, sumsUse } from './sums.ts';

export interface Blocks {
  /** What runs in vectors: an axis of the result, or the common dimension. */
  readonly lane: Lane | undefined;
  /** Axes of the result from the slowest to the fastest, and how many values of each an invocation has (four along a lane). */
  readonly axes: readonly { readonly axis: Var; readonly each: number }[];
  /** Invocations of a workgroup beside each other, and those that share sums. */
  readonly across: number;
  readonly sharing: number;
  /** Parts of the common dimension in workgroups of their own. */
  readonly parts: number;
  /** Whether each invocation takes four steps at once, and shares no sums. */
  readonly unrolled?: boolean;
}

/** Steps that one accumulator sums up before it is added to the total. */
const block = 256;

/** Names of an invocation's values of each axis, from the number of its block. */
const placeBlock = (s: Shader, { axes, lane }: Blocks, blocks: readonly number[]): Map<Var, readonly Value[]> => {
  const values = new Map<Var, readonly Value[]>();
  let below = 1;
  for (let i = axes.length - 1; i >= 0; i--) {
    const { axis, each } = axes[i]!;
    const count = blocks[i]!;
    const above = blocks.slice(0, i).some((n) => n > 1);
    const quotient = below === 1 ? 'p' : `p / ${below}`;
    const text = count === 1 ? '0' : above ? `${quotient} % ${count}` : quotient;
    below *= count;
    if (axis.extent === 1) {
      values.set(axis, [{ name: undefined, test: undefined }]);
      continue;
    }
    const first = s.fresh('at');
    s.line(
      `let ${first} = ${count === 1 ? '0' : each === 1 ? text : `${count > 1 && above ? `(${text})` : text} * ${each}`};`,
    );
    const own = axis === lane?.axis ? [0] : Array.from({ length: each }, (_, j) => j);
    values.set(
      axis,
      own.map((j): Value => {
        if (j === 0) return { name: first, test: undefined };
        const name = s.fresh('at');
        const ragged = axis.extent % each !== 0;
        s.line(`let ${name} = ${ragged ? `min(${first} + ${j}, ${axis.extent - 1})` : `${first} + ${j}`};`);
        return { name, test: ragged ? `${first} + ${j} < ${axis.extent}` : undefined };
      }),
    );
  }
  return values;
};

export const renderBlocks = (p: Problem, c: Blocks, target: Target): Dispatch => {
  const s = createShader(target);
  const { dtype } = p.kernel;
  const { lane, across, sharing, parts } = c;
  const along = lane?.axis === p.common;
  const outLane = along ? undefined : lane;
  const type = registerType(dtype);
  const accType = lane === undefined ? type : `vec4<${type}>`;
  packFor(s, [
    { lane, values: [p.left, p.right], stores: [] },
    ...(parts === 1 ? [storesUse(p, outLane), sumsUse(p)] : []),
  ]);

  const counts = c.axes.map(({ axis, each }) => Math.ceil(axis.extent / each));
  const points = counts.reduce((a, b) => a * b, 1);
  const groups = Math.ceil(points / across);
  const workgroups = numberGroups(s, groups * parts);
  const group = parts === 1 ? 'g' : `g % ${groups}`;
  if (parts > 1) s.line(`let part = g / ${groups};`);
  s.line('let lane = i32(index);');
  const whole = points % across === 0;
  const number =
    across === 1
      ? group
      : `${parts === 1 ? 'g' : `(${group})`} * ${across} + lane${sharing === 1 ? '' : ` % ${across}`}`;
  // Nobody leaves before a barrier.
  s.line(`let own = ${number};`);
  s.line(`let p = ${whole ? 'own' : `min(own, ${points - 1})`};`);
  if (sharing > 1) s.line(`let y = ${across === 1 ? 'lane' : `lane / ${across}`};`);
  const values = placeBlock(s, c, counts);
  const at = (axis: Var): readonly Value[] => values.get(axis)!;

  // Each operand once for each of the values it depends on.
  const combine = (axes: readonly [Var, Var]): Map<number, string>[] =>
    at(axes[0]).flatMap((a) =>
      at(axes[1]).map((b) => {
        const names = new Map<number, string>();
        if (a.name !== undefined) names.set(axes[0].id, a.name);
        if (b.name !== undefined) names.set(axes[1].id, b.name);
        return names;
      }),
    );
  const sides = (
    [
      ['lhs', p.left, p.row],
      ['rhs', p.right, p.column],
    ] as const
  ).map(([prefix, e, own]) => {
    const bySelf = createTaker([p.batch, own], lane);
    const byStep = createTaker([p.common], lane);
    const expr = byStep.expr(bySelf.expr(e));
    return { prefix, expr, byStep, names: combine([p.batch, own]).map((n) => nameParts(s, n, bySelf.parts())) };
  });

  const [rows, columns, batches] = [at(p.row).length, at(p.column).length, at(p.batch).length];
  const results = batches * rows * columns;
  // Sums of an operand are kept like results, by those that have the first rows (or columns).
  const beside = summedSides(p).flatMap((side) => {
    const { own, edge } = sumAxes(p, side);
    const first = at(edge)[0]!.name;
    return at(own).map((value, i) => ({ side, own, value, i, test: first === undefined ? '' : `if (${first} == 0)` }));
  });
  const accs = Array.from({ length: results + beside.length }, (_, i) => `acc${i}`);
  for (const a of accs) s.line(`var ${a} = ${accType}();`);
  const width = along ? 4 : 1;
  const stride = sharing * width;
  const length = Math.ceil(p.common.extent / parts / stride) * stride;
  const totals = length > 2 * block * stride;
  if (totals) accs.forEach((_, i) => s.line(`var total${i} = ${accType}();`));
  const last = parts === 1 ? String(p.common.extent) : 'last';
  if (parts > 1) s.line(`let last = min(${p.common.extent}, (part + 1) * ${length});`);
  s.open(`for (var k0 = ${parts === 1 ? '0' : `part * ${length}`}; k0 < ${last}; k0 += ${stride})`);
  const k = sharing === 1 ? 'k0' : 'k';
  if (sharing > 1) {
    s.line(`let k = k0 + y${width === 1 ? '' : ' * 4'};`);
    s.open(`if (k < ${last})`);
  }
  const read = (side: (typeof sides)[number]): readonly string[] => {
    const taker: Taker = side.byStep;
    const steps = nameParts(s, new Map([[p.common.id, k]]), taker.parts());
    return side.names.map((own, i) => {
      const name = `${side.prefix}${i}`;
      const vars = { vars: new Map([...own, ...steps]) };
      // A block of its own, as the next one means the same expressions by other names.
      s.line(`var ${name}: ${accType};`);
      s.open('');
      s.line(`${name} = ${renderValue(s, vars, lane, side.expr)};`);
      s.close();
      return name;
    });
  };
  const [a, b] = [read(sides[0]!), read(sides[1]!)];
  let n = 0;
  for (let z = 0; z < batches; z++)
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < columns; j++) s.line(plusProduct(dtype, `acc${n++}`, a[z * rows + i]!, b[z * columns + j]!));
  for (const { side, i, test } of beside) {
    s.open(test);
    s.line(`acc${n++} += ${(side === 'a' ? a : b)[i]!};`);
    s.close();
  }
  if (sharing > 1) s.close();
  if (totals) {
    s.open(`if (k0 / ${stride} % ${block} == ${block - 1})`);
    accs.forEach((x, i) => s.line(`total${i} += ${x}; ${x} = ${accType}();`));
    s.close();
  }
  s.close();
  if (totals) accs.forEach((x, i) => s.line(`${x} += total${i};`));

  // The ends of sums that invocations share meet in workgroup memory, in a fixed order.
  const end = (i: number, sum: string): void => {
    const [z, r, q] = [Math.floor(i / (rows * columns)), Math.floor(i / columns) % rows, i % columns];
    const used = [
      [p.batch, at(p.batch)[z]!],
      [p.row, at(p.row)[r]!],
      [p.column, at(p.column)[q]!],
    ] as const;
    const total = along ? `${sum}.x + ${sum}.y + ${sum}.z + ${sum}.w` : sum;
    endSum(s, p, parts, used, whole ? [] : [`own < ${points}`], outLane, total);
  };
  const endBeside = ({ side, own, value, test }: (typeof beside)[number], sum: string): void => {
    const tests = [value.test ?? [], whole ? [] : `own < ${points}`].flat();
    s.open(test);
    s.open(tests.length === 0 ? '' : `if (${tests.join(' && ')})`);
    const wide = lane !== undefined && lane.axis === own;
    for (let c = 0; c < (wide ? 4 : 1); c++) {
      s.open('');
      s.line(`let place = ${value.name ?? '0'} + ${c};`);
      const one = lane === undefined ? sum : along ? `${sum}.x + ${sum}.y + ${sum}.z + ${sum}.w` : `${sum}[${c}]`;
      storeSum(s, p, parts, side, 'place', one);
      s.close();
    }
    s.close();
    s.close();
  };
  const endOf = (i: number, sum: string): void => (i < results ? end(i, sum) : endBeside(beside[i - results]!, sum));
  if (sharing === 1) accs.forEach((x, i) => endOf(i, x));
  else {
    // One after the other: barriers are dear to compile.
    const many = accs.length > 1;
    const sum = many ? 'sums[i]' : accs[0]!;
    s.declare(`var<workgroup> ends: array<${accType}, ${across * sharing}>;`);
    if (many) {
      s.line(`var sums = array<${accType}, ${accs.length}>(${accs.join(', ')});`);
      s.open(`for (var i = 0; i < ${accs.length}; i++)`);
    }
    s.line(`ends[lane] = ${sum};`);
    s.line('workgroupBarrier();');
    s.open(`for (var h = ${(sharing * across) / 2}; h >= ${across}; h >>= 1u)`);
    s.line('if (lane < h) { ends[lane] += ends[lane + h]; }');
    s.line('workgroupBarrier();');
    s.close();
    s.line(`if (y == 0) { ${sum} = ends[lane]; }`);
    if (many) {
      s.line('workgroupBarrier();');
      s.close();
    }
    s.open('if (y == 0)');
    accs.forEach((x, i) => endOf(i, many ? `sums[${i}]` : x));
    s.close();
  }
  const head = `@compute @workgroup_size(${across * sharing})\nfn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) index: u32)`;
  return s.finish(p.kernel.name, head, workgroups);
};
