// Many updates that may meet: sorted by their place, then combined in order, chunks of the sorted updates in parallel.
import { count, type Var } from '../core/index-expr.ts';
import type { ScatterKernel } from '../jit/kernel.ts';
import { renderExpr, renderGuards, renderIndex, type Names } from './expr.ts';
import { digits, perPoint } from './points.ts';
import { baseIndex, type ScatterAxes } from './scatter-axes.ts';
import { cellOf, type Cell } from './scatter-cell.ts';
import { createShader, type Shader, type Target } from './shader.ts';
import { noKey, sortRuns } from './sort-runs.ts';
import type { Dispatch } from './steps.ts';
import { fromWord, toWord } from './types.ts';

/** Sorted updates in scratch memory: a row for each point of the batch axes. */
interface Sorted {
  readonly kernel: ScatterKernel;
  readonly axes: ScatterAxes;
  readonly rows: number;
  readonly length: number;
  readonly lanes: number;
}

const keyAt = (s: Shader, o: Sorted, j: string): string => `${s.scratch(2 * o.rows * o.length)}[${j}]`;
const updateAt = (s: Shader, o: Sorted, j: string): string =>
  `i32(${s.scratch(2 * o.rows * o.length)}[${j} + ${o.rows * o.length}])`;
/** What a chunk contributes to an element whose updates began in a chunk before. */
const partAt = (s: Shader, o: Sorted, chunks: number, chunk: string): string => {
  const from = 2 * o.rows * o.length;
  return `${s.scratch(from + chunks * o.lanes)}[${chunk} * ${o.lanes} + lane + ${from}]`;
};

const ordered = ({ batch, dependent }: ScatterAxes): readonly Var[] => [...batch, ...dependent];

/** By the element that an update names; those that name none come last. */
const sortUpdates = (o: Sorted, target: Target): readonly Dispatch[] => {
  const { kernel: k, axes, rows, length } = o;
  const base = baseIndex(k.index, axes.lanes);
  return sortRuns(
    {
      name: `${k.name}_order`,
      rows,
      length,
      across: false,
      scratchFrom: 2 * rows * length,
      key: (s, row, i) => {
        const names = { vars: new Map<number, string>() };
        s.line(`let u = ${row} * ${length} + ${i};`);
        digits(s, ordered(axes), 'u', names.vars);
        const guards = renderGuards(s, names, k.guards);
        s.line(`var place = ${noKey};`);
        if (guards !== undefined) s.open(`if (${guards})`);
        s.line(`place = u32(${renderIndex(s, names, base)});`);
        if (guards !== undefined) s.close();
        return 'place';
      },
      put: (s, row, at, i, key) => {
        s.line(`let j = ${row} * ${length} + ${at};`);
        s.line(`${keyAt(s, o, 'j')} = ${key};`);
        s.line(`${s.scratch(0)}[j + ${rows * length}] = u32(${row} * ${length} + ${i});`);
      },
    },
    target,
  );
};

/** The element that the update `u` names in this lane; the names of its variables. */
const cellAt = (s: Shader, o: Sorted, lane: string, u: string): { readonly cell: Cell; readonly names: Names } => {
  const names = { vars: new Map<number, string>() };
  s.line(`let u = ${u};`);
  digits(s, ordered(o.axes), 'u', names.vars);
  digits(s, o.axes.lanes, lane, names.vars);
  return { cell: cellOf(s, o.kernel, renderIndex(s, names, o.kernel.index)), names };
};

/** The last update of an element wins. */
const renderLast = (o: Sorted, target: Target): Dispatch => {
  const s = createShader(target);
  const { head, workgroups } = perPoint(s, o.rows * o.length * o.lanes);
  s.line(`let lane = p % ${o.lanes};`);
  s.line(`let j = p / ${o.lanes};`);
  s.line(`let key = ${keyAt(s, o, 'j')};`);
  s.line(`if (key == ${noKey}) { return; }`);
  s.line(`if ((j + 1) % ${o.length} != 0 && ${keyAt(s, o, 'j + 1')} == key) { return; }`);
  const { cell, names } = cellAt(s, o, 'lane', updateAt(s, o, 'j'));
  const value = renderExpr(s, names, o.kernel.value);
  cell.store(value);
  return s.finish(o.kernel.name, head, workgroups);
};

/** The chunk of an invocation: `chunk`, its `lane`, and where it and its row of updates begin and end. */
const chunkHead = (s: Shader, o: Sorted, size: number, perRow: number): void => {
  s.line(`let lane = p % ${o.lanes};`);
  s.line(`let chunk = p / ${o.lanes};`);
  s.line(`let start = chunk / ${perRow} * ${o.length};`);
  s.line(`let stop = start + ${o.length};`);
  s.line(`let lo = start + chunk % ${perRow} * ${size};`);
  s.line(`let hi = min(lo + ${size}, stop);`);
};

const renderChunks = (o: Sorted, target: Target, size: number, perRow: number): Dispatch => {
  const s = createShader(target);
  const chunks = o.rows * perRow;
  const { head, workgroups } = perPoint(s, chunks * o.lanes);
  chunkHead(s, o, size, perRow);
  s.line(`var before = ${noKey};`);
  s.line(`if (lo > start) { before = ${keyAt(s, o, 'lo - 1')}; }`);
  const acc = cellOf(s, o.kernel, '0').accumulator('acc');
  s.line('var begun = false;');
  s.open('for (var j = lo; j < hi; j++)');
  s.line(`let key = ${keyAt(s, o, 'j')};`);
  s.line(`if (key == ${noKey}) { break; }`);
  s.line(`var after = ${noKey};`);
  s.line(`if (j + 1 < stop) { after = ${keyAt(s, o, 'j + 1')}; }`);
  const { cell, names } = cellAt(s, o, 'lane', updateAt(s, o, 'j'));
  const value = renderExpr(s, names, o.kernel.value);
  s.open('if (key != before)');
  s.line(`${acc} = ${cell.combined(cell.load(), value)};`);
  s.line('begun = true;');
  s.between('else if (j == lo)');
  s.line(`${acc} = ${value};`);
  s.between('else');
  s.line(`${acc} = ${cell.combined(acc, value)};`);
  s.close();
  s.open('if (key != after || j + 1 == hi)');
  s.open('if (begun)');
  cell.store(acc);
  if (perRow > 1) {
    s.between('else');
    s.line(`${partAt(s, o, chunks, 'chunk')} = ${toWord(acc, o.kernel.dtype)};`);
  }
  s.close();
  s.close();
  s.line('before = key;');
  s.close();
  return s.finish(o.kernel.name, head, workgroups);
};

/** Elements whose updates go on in further chunks get what those contribute, in order. */
const renderJoin = (o: Sorted, target: Target, size: number, perRow: number): Dispatch => {
  const s = createShader(target);
  const chunks = o.rows * perRow;
  const { head, workgroups } = perPoint(s, chunks * o.lanes);
  chunkHead(s, o, size, perRow);
  s.line('if (hi == stop) { return; }');
  s.line(`let key = ${keyAt(s, o, 'hi - 1')};`);
  s.line(`if (key == ${noKey} || ${keyAt(s, o, 'hi')} != key) { return; }`);
  s.line(`if (lo > start && ${keyAt(s, o, 'max(lo, 1) - 1')} == key) { return; }`);
  const { cell } = cellAt(s, o, 'lane', updateAt(s, o, 'hi - 1'));
  const acc = cell.accumulator('acc');
  s.line(`${acc} = ${cell.load()};`);
  s.line('var next = chunk;');
  s.line('var end = hi;');
  s.open('loop');
  s.line('next++;');
  s.line(`end = min(end + ${size}, stop);`);
  s.line(`${acc} = ${cell.combined(acc, fromWord(partAt(s, o, chunks, 'next'), o.kernel.dtype))};`);
  s.line(`if (end == stop || ${keyAt(s, o, 'end - 1')} != key || ${keyAt(s, o, 'end')} != key) { break; }`);
  s.close();
  cell.store(acc);
  return s.finish(`${o.kernel.name}_join`, head, workgroups);
};

/** Updates in a chunk: half the root of all, so that neither chunks nor elements with updates in many of them take long. */
const chunkSize = (length: number): number =>
  Math.min(512, Math.max(16, 2 ** Math.round(Math.log2(Math.sqrt(length) / 2))));

export const renderSorted = (k: ScatterKernel, axes: ScatterAxes, target: Target): readonly Dispatch[] => {
  const o: Sorted = {
    kernel: k,
    axes,
    rows: count(axes.batch),
    length: count(axes.dependent),
    lanes: count(axes.lanes),
  };
  const order = sortUpdates(o, target);
  if (k.op === 'set') return [...order, renderLast(o, target)];
  const size = chunkSize(o.length);
  const perRow = Math.ceil(o.length / size);
  const chunks = renderChunks(o, target, size, perRow);
  return [...order, chunks, ...(perRow === 1 ? [] : [renderJoin(o, target, size, perRow)])];
};
