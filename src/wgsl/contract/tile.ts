// Contractions by tiles: slabs of both operands in workgroup memory, a part of the tile's sums in each invocation's registers.
import type { Side } from '../../jit/kernel.ts';
import { numberGroups } from '../points.ts';
import { createShader, type Shader, type Target } from '../shader.ts';
import type { Dispatch } from '../steps.ts';
import { registerType, toWord } from '../types.ts';
import { packFor } from '../vector.ts';
import { invocations, partLength, type Choice } from './config.ts';
import { columnLane, finishFour, storesUse } from './finish.ts';
import { createFill, laneAlong, type Fill } from './fill.ts';
import type { Problem } from './problem.ts';
import { storeSum, sumAxes, summedSides, sumsUse } from './sums.ts';

/** Steps that one accumulator sums up before it is added to the total, so that long sums stay accurate. */
const block = 256;
/** Rows of tiles that are worked on together, so that what they read stays in the cache. */
const band = 8;

/** Where a workgroup's tile begins: `top`, `start`, and the batch `b`. */
const placeTile = (s: Shader, p: Problem, t: Choice, tile: string): void => {
  const [rows, columns] = [Math.ceil(p.row.extent / t.rows), Math.ceil(p.column.extent / t.columns)];
  const single = p.batch.extent === 1;
  if (!single) s.line(`let b = ${tile} / ${rows * columns};`);
  s.line(`let within = ${single ? tile : `${tile} % ${rows * columns}`};`);
  if (rows > band && columns > band) {
    // Down a band of rows first, then to the next column.
    s.line(`let first = within / ${band * columns} * ${band};`);
    s.line(`let height = min(${band}, ${rows} - first);`);
    s.line(`let top = (first + within % ${band * columns} % height) * ${t.rows};`);
    s.line(`let start = within % ${band * columns} / height * ${t.columns};`);
  } else {
    s.line(`let top = ${columns === 1 ? 'within' : `within / ${columns}`} * ${t.rows};`);
    s.line(`let start = ${columns === 1 ? '0' : `within % ${columns} * ${t.columns}`};`);
  }
};

/** One dispatch. With several parts, each leaves its sums in scratch memory, for `renderSecond`. */
export const renderTiles = (p: Problem, t: Choice, target: Target): Dispatch => {
  const s = createShader(target);
  const { dtype } = p.kernel;
  const vector = `vec4<${registerType(dtype)}>`;
  const [m, n, k] = [p.row.extent, p.column.extent, p.common.extent];
  const tiles = p.batch.extent * Math.ceil(m / t.rows) * Math.ceil(n / t.columns);
  const [down, across] = [t.rows / t.eachRows, t.columns / t.eachColumns];
  const [stripsDown, stripsAcross] = [t.eachRows / 4, t.eachColumns / 4];
  const split = t.parts > 1;

  const half = (side: Side): boolean => target.limits.float16 && p.kernel.halves?.includes(side) === true;
  const left = { array: 'left', expr: p.left, own: p.row, rows: t.rows, origin: 'top', half: half('a') };
  const right = { array: 'right', expr: p.right, own: p.column, rows: t.columns, origin: 'start', half: half('b') };
  // Sums of an operand are those of its slabs, a vector for each of some invocations of the first tiles.
  const beside = summedSides(p).map((side) => {
    const [o, other] = side === 'a' ? [left, right] : [right, left];
    const own = `lane < ${o.rows / 4}`;
    return { side, own: o.rows / 4 < invocations(t) ? `${other.origin} == 0 && ${own}` : `${other.origin} == 0`, o };
  });
  const lanes = [left, right].map((o) => laneAlong(s, o.expr, [o.own, p.common]));
  const columns = columnLane(p);
  packFor(s, [
    { lane: lanes[0], values: [p.left], stores: [] },
    { lane: lanes[1], values: [p.right], stores: [] },
    ...(split ? [] : [storesUse(p, columns), sumsUse(p)]),
  ]);

  const workgroups = numberGroups(s, tiles * t.parts);
  if (split) s.line(`let part = g / ${tiles};`);
  placeTile(s, p, t, split ? `g % ${tiles}` : 'g');
  s.line('let lane = i32(index);');
  s.line(`let x = lane % ${across};`);
  s.line(`let y = lane / ${across};`);
  const base = new Map<number, string>();
  if (p.batch.extent > 1) base.set(p.batch.id, 'b');
  const fills = [
    createFill(s, p, t, { ...left, lane: lanes[0] }, base),
    createFill(s, p, t, { ...right, lane: lanes[1] }, base),
  ] as const;
  fills.forEach((f) => f.prepare());

  // Sums of an invocation: vectors along columns, in an order that the end counts through.
  const sums: { readonly name: string; readonly row: string; readonly column: number }[] = [];
  for (let i = 0; i < stripsDown; i++)
    for (let r = 0; r < 4; r++)
      for (let j = 0; j < stripsAcross; j++) sums.push({ name: `p${i}${r}${j}`, row: `l${i}[${r}]`, column: j });
  const length = partLength(k, t);
  const totals = Math.min(k, length) > 2 * block;
  for (const a of sums) s.line(`var ${a.name} = ${vector}();`);
  if (totals) s.line(`var totals: array<${vector}, ${sums.length}>;`);
  for (const { side } of beside) {
    s.line(`var ${side}_sum = ${vector}();`);
    if (totals) s.line(`var ${side}_total = ${vector}();`);
  }
  const from = split ? `part * ${length}` : '0';
  const to = split ? `min(${k}, ${from} + ${length})` : String(k);
  if (split) s.line(`let last = ${to};`);
  s.open(`for (var k0 = ${from}; k0 < ${split ? 'last' : to}; k0 += ${t.depth})`);
  fills.forEach((f) => f.read());
  s.line('workgroupBarrier();');
  fills.forEach((f) => f.write());
  s.line('workgroupBarrier();');
  s.open(`for (var j = 0; j < ${t.depth}; j++)`);
  const strip = ({ stride, at }: Fill, place: string, by: number, i: number): string =>
    at(`j * ${stride} + ${place}${i === 0 ? '' : ` + ${i * by}`}`);
  for (let i = 0; i < stripsDown; i++) s.line(`let l${i} = ${strip(fills[0], 'y', down, i)};`);
  for (let j = 0; j < stripsAcross; j++) s.line(`let r${j} = ${strip(fills[1], 'x', across, j)};`);
  for (const a of sums) s.line(`${a.name} += ${a.row} * r${a.column};`);
  s.close();
  for (const { side, own, o } of beside) {
    const { stride, at } = fills[o === left ? 0 : 1];
    s.open(`if (${own})`);
    s.line(`var slab = ${vector}();`);
    s.line(`for (var j = 0; j < ${t.depth}; j++) { slab += ${at(`j * ${stride} + lane`)}; }`);
    s.line(`${side}_sum += slab;`);
    s.close();
  }
  const flush = (): void => {
    sums.forEach((a, i) => s.line(`totals[${i}] += ${a.name};`));
    for (const { side } of beside) s.line(`${side}_total += ${side}_sum;`);
  };
  if (totals) {
    s.open(`if (k0 % ${block} == ${block - t.depth})`);
    flush();
    for (const a of sums) s.line(`${a.name} = ${vector}();`);
    for (const { side } of beside) s.line(`${side}_sum = ${vector}();`);
    s.close();
  }
  s.close();
  if (totals) flush();
  else s.line(`var totals = array<${vector}, ${sums.length}>(${sums.map((a) => a.name).join(', ')});`);

  s.open(`for (var o = 0; o < ${sums.length}; o++)`);
  const [i, j] = stripsAcross === 1 ? ['o', ''] : [`o / ${stripsAcross}`, `o % ${stripsAcross}`];
  const strips = stripsDown === 1 ? 'y' : `(o / ${4 * stripsAcross} * ${down} + y)`;
  s.line(`let row = top + ${strips} * 4 + ${i}${stripsDown === 1 ? '' : ' % 4'};`);
  s.line(`let column = start + ${j === '' ? 'x' : `(${j} * ${across} + x)`} * 4;`);
  const tests = [...(m % t.rows === 0 ? [] : [`row < ${m}`]), ...(n % t.columns === 0 ? [] : [`column < ${n}`])];
  if (tests.length > 0) s.open(`if (${tests.join(' && ')})`);
  s.line('let result = totals[o];');
  if (split) {
    const words = s.scratch(t.parts * p.batch.extent * m * n);
    const number = p.batch.extent === 1 ? 'part' : `(part * ${p.batch.extent} + b)`;
    s.line(`let at = (${number} * ${m} + row) * ${n} + column;`);
    s.open('for (var c = 0; c < 4; c++)');
    const word = `${words}[at + c] = ${toWord('result[c]', p.kernel.dtype)};`;
    s.line(n % 4 === 0 ? word : `if (column + c < ${n}) { ${word} }`);
    s.close();
  } else {
    const vars = new Map(base);
    vars.set(p.row.id, 'row');
    finishFour(s, p, vars, columns, 'result', 'column', n % 4 === 0);
  }
  if (tests.length > 0) s.close();
  s.close();
  for (const { side, own, o } of beside) {
    s.open(`if (${own})`);
    s.open('for (var c = 0; c < 4; c++)');
    s.line(`let at = ${o.origin} + lane * 4 + c;`);
    const { extent } = sumAxes(p, side).own;
    if (extent % o.rows !== 0) s.open(`if (at < ${extent})`);
    storeSum(s, p, t.parts, side, 'at', `${side}_${totals ? 'total' : 'sum'}[c]`);
    if (extent % o.rows !== 0) s.close();
    s.close();
    s.close();
  }
  const head = `@compute @workgroup_size(${invocations(t)})\nfn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) index: u32)`;
  return s.finish(p.kernel.name, head, workgroups);
};
