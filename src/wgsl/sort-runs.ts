// Sorting of many runs at once by u32 keys, stable: runs are sorted in workgroup memory, longer ones then merged pass by pass.
import { numberGroups, powerAbove } from './points.ts';
import { createShader, type Shader, type Target } from './shader.ts';
import type { Dispatch } from './steps.ts';

/** What is sorted: `rows` runs of `length` elements each, by keys that shaders compute where they first need them. */
export interface Runs {
  readonly name: string;
  readonly rows: number;
  readonly length: number;
  /** The key of element `i` of a row, as a u32; lines that compute it are added first. */
  readonly key: (s: Shader, row: string, i: string) => string;
  /** Lines that put element `i` of a row, whose key is `key`, at its place `at` (i32s, but for the key). */
  readonly put: (s: Shader, row: string, at: string, i: string, key: string) => void;
  /** Elements of neighbouring rows are neighbours in memory, rather than those of one row. */
  readonly across: boolean;
  /** The first word of scratch memory that is free. */
  readonly scratchFrom: number;
}

// Elements an invocation sorts by itself, and merges; and the elements that a workgroup of most invocations holds (16 KB).
const each = 8;
const mostInvocations = 256;
export const tile: number = each * mostInvocations;

/** The end of all keys: what is not there sorts behind everything. */
export const noKey = '0xffffffffu';

/** The beginning of a shader of so many workgroups: `g` is the group's number, `t` the invocation's in it. */
export const perGroup = (
  s: Shader,
  groups: number,
  invocations: number,
): { readonly head: string; readonly workgroups: readonly [number, number, number] } => {
  s.line('let t = i32(li);');
  const workgroups = numberGroups(s, groups, 'wg');
  return {
    head: `@compute @workgroup_size(${invocations})\nfn main(@builtin(workgroup_id) wg: vec3u, @builtin(local_invocation_index) li: u32)`,
    workgroups,
  };
};

const shared = (s: Shader, size: number): void => {
  s.declare(`var<workgroup> keys: array<u32, ${size}>;`);
  s.declare(`var<workgroup> origin: array<i32, ${size}>;`);
  s.declare(
    // How many of the first `d` elements of two sorted runs merged are of the first one; its own come first among equals.
    `fn taken(a: i32, na: i32, b: i32, nb: i32, d: i32) -> i32 {
  var lo = max(0, d - nb);
  var hi = min(d, na);
  while (lo < hi) {
    let mid = (lo + hi) / 2;
    if (keys[a + mid] <= keys[b + d - 1 - mid]) { lo = mid + 1; } else { hi = mid; }
  }
  return lo;
}`,
  );
};

/** Merges `each` elements from the `d`th on of two runs in workgroup memory, and puts them at `to` once all have read theirs. */
const mergeEach = (
  s: Shader,
  size: number,
  a: string,
  na: string,
  b: string,
  nb: string,
  d: string,
  to: string,
): void => {
  s.line(`var x = taken(${a}, ${na}, ${b}, ${nb}, ${d});`);
  s.line(`var y = ${d} - x;`);
  s.line(`var p = ${a} + x;`);
  s.line(`var q = min(${b} + y, ${size - 1});`);
  s.line('var kp = keys[p];');
  s.line('var kq = keys[q];');
  for (let e = 0; e < each; e++) {
    s.line(`let c${e} = x < ${na} && (y >= ${nb} || kp <= kq);`);
    s.line(`let k${e} = select(kq, kp, c${e});`);
    s.line(`let f${e} = origin[select(q, p, c${e})];`);
    if (e === each - 1) break;
    s.line(
      `if (c${e}) { x++; p = min(p + 1, ${size - 1}); kp = keys[p]; } else { y++; q = min(q + 1, ${size - 1}); kq = keys[q]; }`,
    );
  }
  s.line('workgroupBarrier();');
  for (let e = 0; e < each; e++) s.line(`keys[${to} + ${e}] = k${e}; origin[${to} + ${e}] = f${e};`);
  s.line('workgroupBarrier();');
};

/** The elements of an invocation, sorted by exchanging neighbours, so that equal ones stay in order. */
const sortEach = (s: Shader): void => {
  s.line(`let own = t * ${each};`);
  for (let e = 0; e < each; e++) s.line(`var k${e} = keys[own + ${e}]; var f${e} = origin[own + ${e}];`);
  for (let round = 0; round < each; round++)
    for (let e = round % 2; e + 1 < each; e += 2)
      s.line(
        `if (k${e} > k${e + 1}) { let k = k${e}; k${e} = k${e + 1}; k${e + 1} = k; let f = f${e}; f${e} = f${e + 1}; f${e + 1} = f; }`,
      );
  for (let e = 0; e < each; e++) s.line(`keys[own + ${e}] = k${e}; origin[own + ${e}] = f${e};`);
  s.line('workgroupBarrier();');
};

/** Where sorted runs wait for the next pass: keys and the elements they belong to, twice, in scratch memory. */
interface Waiting {
  readonly keys: (at: string) => string;
  readonly from: (at: string) => string;
}
const waiting = (s: Shader, runs: Runs, words: number, turn: number): Waiting => {
  const name = s.scratch(runs.scratchFrom + 4 * words);
  const at = (n: number, i: string): string => `${name}[${i} + ${runs.scratchFrom + n * words}]`;
  return { keys: (i) => at(2 * turn, i), from: (i) => at(2 * turn + 1, i) };
};

/** Runs of up to a tile, several in a workgroup if they are short; or the tiles of longer ones, which wait to be merged. */
const renderTiles = (runs: Runs, target: Target, padded: number): Dispatch => {
  const { rows, length } = runs;
  const width = Math.min(padded, tile);
  const size = width === tile ? tile : Math.min(tile, Math.max(width, Math.min(64 * each, width * powerAbove(rows))));
  const perRow = padded / width;
  const together = size / width;
  const s = createShader(target);
  const { head, workgroups } = perGroup(s, Math.ceil((rows * perRow) / together), size / each);
  shared(s, size);
  // The row and the element of the slot n of this group.
  const place = (): void => {
    if (perRow > 1) {
      s.line(`let row = g / ${perRow};`);
      s.line(`let i = g % ${perRow} * ${width} + n;`);
      s.line('let slot = n;');
    } else {
      const [r, i] = runs.across ? [`n % ${together}`, `n / ${together}`] : [`n / ${width}`, `n % ${width}`];
      s.line(`let row = g * ${together} + ${r};`);
      s.line(`let i = ${i};`);
      s.line(runs.across ? `let slot = ${r} * ${width} + i;` : 'let slot = n;');
    }
  };
  const there = [
    ...(length < padded ? [`i < ${length}`] : []),
    ...(rows % together === 0 ? [] : [`row < ${rows}`]),
  ].join(' && ');
  s.open(`for (var n = t; n < ${size}; n += ${size / each})`);
  place();
  s.line(`var k = ${noKey};`);
  if (there !== '') s.open(`if (${there})`);
  s.line(`k = ${runs.key(s, 'row', 'i')};`);
  if (there !== '') s.close();
  s.line('keys[slot] = k;');
  s.line('origin[slot] = i;');
  s.close();
  s.line('workgroupBarrier();');
  sortEach(s);
  if (width > each) {
    s.open(`for (var w = ${each}; w < ${width}; w *= 2)`);
    s.line('let a = own & ~(2 * w - 1);');
    mergeEach(s, size, 'a', 'w', '(a + w)', 'w', '(own - a)', 'own');
    s.close();
  }
  s.open(`for (var n = t; n < ${size}; n += ${size / each})`);
  place();
  if (padded > tile) {
    const out = waiting(s, runs, rows * padded, 0);
    s.line(`let at = row * ${padded} + i;`);
    s.line(`${out.keys('at')} = keys[slot];`);
    s.line(`${out.from('at')} = u32(origin[slot]);`);
  } else {
    if (there !== '') s.open(`if (${there})`);
    runs.put(s, 'row', 'i', 'origin[slot]', 'keys[slot]');
    if (there !== '') s.close();
  }
  s.close();
  return s.finish(runs.name, head, workgroups);
};

/** Sorted runs of `width` merged by twos: each workgroup finds where its tile of the result begins and ends in both. */
const renderMerge = (runs: Runs, target: Target, padded: number, width: number, turn: number): Dispatch => {
  const s = createShader(target);
  const perRow = padded / tile;
  const { head, workgroups } = perGroup(s, runs.rows * perRow, mostInvocations);
  const words = runs.rows * padded;
  shared(s, tile);
  s.declare('var<workgroup> ends: array<i32, 2>;');
  const source = waiting(s, runs, words, turn);
  s.line(`let row = g / ${perRow};`);
  s.line(`let first = g % ${perRow} * ${tile};`);
  s.line(`let pair = first & ~${2 * width - 1};`);
  s.line(`let a = row * ${padded} + pair;`);
  s.line(`let na = min(${width}, ${padded} - pair);`);
  s.line('let b = a + na;');
  s.line(`let nb = min(${width}, ${padded} - pair - na);`);
  s.open('if (t < 2)');
  s.line(`let d = first - pair + t * ${tile};`);
  s.line('var lo = max(0, d - nb);');
  s.line('var hi = min(d, na);');
  s.open('while (lo < hi)');
  s.line('let mid = (lo + hi) / 2;');
  s.line(`if (${source.keys('a + mid')} <= ${source.keys('b + d - 1 - mid')}) { lo = mid + 1; } else { hi = mid; }`);
  s.close();
  s.line('ends[t] = lo;');
  s.close();
  s.line('workgroupBarrier();');
  s.line('let fromA = a + ends[0];');
  s.line('let fromB = b + (first - pair) - ends[0];');
  s.line('let size = ends[1] - ends[0];');
  s.open(`for (var n = t; n < ${tile}; n += ${mostInvocations})`);
  s.line('let at = select(fromB + n - size, fromA + n, n < size);');
  s.line(`keys[n] = ${source.keys('at')};`);
  s.line(`origin[n] = i32(${source.from('at')});`);
  s.close();
  s.line('workgroupBarrier();');
  s.line(`let own = t * ${each};`);
  mergeEach(s, tile, '0', 'size', 'size', `(${tile} - size)`, 'own', 'own');
  s.open(`for (var n = t; n < ${tile}; n += ${mostInvocations})`);
  s.line('let i = first + n;');
  if (2 * width >= padded) {
    if (runs.length < padded) s.open(`if (i < ${runs.length})`);
    runs.put(s, 'row', 'i', 'origin[n]', 'keys[n]');
    if (runs.length < padded) s.close();
  } else {
    const out = waiting(s, runs, words, 1 - turn);
    s.line(`let at = row * ${padded} + i;`);
    s.line(`${out.keys('at')} = keys[n];`);
    s.line(`${out.from('at')} = u32(origin[n]);`);
  }
  s.close();
  return s.finish(`${runs.name}_merge`, head, workgroups);
};

/** One dispatch for runs of up to a tile, one more each time that their length doubles. */
export const sortRuns = (runs: Runs, target: Target): readonly Dispatch[] => {
  if (runs.rows * runs.length === 0) return [];
  const padded = runs.length <= tile ? Math.max(each, powerAbove(runs.length)) : Math.ceil(runs.length / tile) * tile;
  const out = [renderTiles(runs, target, padded)];
  for (let width = tile, turn = 0; width < padded; width *= 2, turn = 1 - turn)
    out.push(renderMerge(runs, target, padded, width, turn));
  return out;
};
