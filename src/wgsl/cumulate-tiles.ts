// Running reductions along lines of neighbours: a workgroup takes a tile at a time, long lines are reduced in pieces first.
import type { CumulateKernel } from '../jit/kernel.ts';
import { elementAt, join, lineBase, neutral, storeAt } from './cumulate-op.ts';
import { powerAbove } from './points.ts';
import { createShader, type Shader, type Target } from './shader.ts';
import { perGroup } from './sort-runs.ts';
import type { Dispatch } from './steps.ts';
import { fromWord, registerType, toWord } from './types.ts';

// Elements of an invocation; they stand one word apart from its neighbour's, so that all reach their own at once.
const each = 8;
const mostInvocations = 256;
const slot = (n: string): string => `${n} + ${n} / ${each}`;
export const tile: number = each * mostInvocations;

/** What one pass does: pieces of lines, what it reads and what becomes of the running values. */
interface Pass {
  readonly name: string;
  readonly lines: number;
  readonly length: number;
  readonly size: number;
  /** Lines once a workgroup knows its `line`. */
  readonly begin: (s: Shader) => void;
  /** The running value before the piece `c`, c > 0. */
  readonly carry?: (s: Shader) => string;
  readonly load: (s: Shader, i: string) => string;
  readonly store?: (s: Shader, i: string, value: string) => void;
  /** What becomes of the whole of the piece `c`. */
  readonly total?: (s: Shader, value: string) => void;
}

const renderPass = (k: CumulateKernel, target: Target, pass: Pass): Dispatch => {
  const { lines, length, size } = pass;
  const s = createShader(target);
  const type = registerType(k.dtype);
  const pieces = Math.ceil(length / size);
  const threads = Math.min(mostInvocations, Math.max(32, powerAbove(Math.min(length, size) / each)));
  const step = threads * each;
  const { head, workgroups } = perGroup(s, lines * pieces, threads);
  s.declare(`var<workgroup> values: array<${type}, ${step + threads}>;`);
  s.declare(`var<workgroup> sums: array<${type}, ${2 * threads}>;`);
  s.line(`let line = g / ${pieces};`);
  s.line(`let c = g % ${pieces};`);
  s.line(`let end = min(c * ${size} + ${size}, ${length});`);
  pass.begin(s);
  s.line(`var carry: ${type} = ${neutral(s, k)};`);
  if (pass.carry !== undefined) s.line(`if (c > 0) { carry = ${pass.carry(s)}; }`);
  s.line(`let own = t * ${each};`);
  s.open(`for (var first = c * ${size}; first < end; first += ${step})`);
  s.open(`for (var n = t; n < ${step}; n += ${threads})`);
  s.line('let i = first + n;');
  s.line(`var x: ${type} = ${neutral(s, k)};`);
  s.line(`if (i < end) { x = ${pass.load(s, 'i')}; }`);
  s.line(`values[${slot('n')}] = x;`);
  s.close();
  s.line('workgroupBarrier();');
  s.line(`var acc = values[${slot('own')}];`);
  s.open(`for (var e = own + 1; e < own + ${each}; e++)`);
  s.line(`let x = values[${slot('e')}];`);
  s.line(`acc = ${join(s, k, 'acc', 'x')};`);
  if (pass.store !== undefined) s.line(`values[${slot('e')}] = acc;`);
  s.close();
  s.line('sums[t] = acc;');
  s.line('workgroupBarrier();');
  // Each invocation adds what stands 1, 2, 4, ... before it; the two halves take turns.
  s.line('var half = 0;');
  s.open(`for (var d = 1; d < ${threads}; d *= 2)`);
  s.line('var y = sums[half + t];');
  s.open('if (t >= d)');
  s.line('let x = sums[half + t - d];');
  s.line(`y = ${join(s, k, 'x', 'y')};`);
  s.close();
  s.line(`half = ${threads} - half;`);
  s.line('sums[half + t] = y;');
  s.line('workgroupBarrier();');
  s.close();
  if (pass.store !== undefined) {
    s.line('var before = carry;');
    s.open('if (t > 0)');
    s.line('let x = sums[half + t - 1];');
    s.line(`before = ${join(s, k, 'carry', 'x')};`);
    s.close();
    s.open(`for (var e = own; e < own + ${each}; e++)`);
    s.line(`let x = values[${slot('e')}];`);
    s.line(`values[${slot('e')}] = ${join(s, k, 'before', 'x')};`);
    s.close();
  }
  s.line(`let all = sums[half + ${threads - 1}];`);
  s.line(`carry = ${join(s, k, 'carry', 'all')};`);
  s.line('workgroupBarrier();');
  if (pass.store !== undefined) {
    s.open(`for (var n = t; n < ${step}; n += ${threads})`);
    s.line('let i = first + n;');
    s.open('if (i < end)');
    s.line(`let x = values[${slot('n')}];`);
    pass.store(s, 'i', 'x');
    s.close();
    s.close();
  }
  s.close();
  if (pass.total !== undefined) {
    s.open('if (t == 0)');
    pass.total(s, 'carry');
    s.close();
  }
  return s.finish(pass.name, head, workgroups);
};

/** One dispatch where pieces are lines; else totals of pieces, their running values, and the elements'. */
export const renderTiles = (k: CumulateKernel, target: Target, size: number): readonly Dispatch[] => {
  const lines = k.outer * k.inner;
  const pieces = Math.ceil(k.length / size);
  const part = (s: Shader, at: string): string => `${s.scratch(lines * pieces)}[line * ${pieces} + ${at}]`;
  const elements = {
    lines,
    length: k.length,
    size,
    begin: (s: Shader) => lineBase(s, k, 'line'),
    load: (s: Shader, i: string) => elementAt(s, k, i),
  };
  const running: Pass = {
    ...elements,
    name: k.name,
    store: (s, i, value) => storeAt(s, k, i, value),
    ...(pieces === 1 ? {} : { carry: (s: Shader) => fromWord(part(s, 'c - 1'), k.dtype) }),
  };
  if (pieces === 1) return [renderPass(k, target, running)];
  const totals: Pass = {
    ...elements,
    name: `${k.name}_pieces`,
    total: (s, value) => s.line(`${part(s, 'c')} = ${toWord(value, k.dtype)};`),
  };
  const joined: Pass = {
    name: `${k.name}_join`,
    lines,
    length: pieces,
    size: pieces,
    begin: () => undefined,
    load: (s, i) => fromWord(part(s, i), k.dtype),
    store: (s, i, value) => s.line(`${part(s, i)} = ${toWord(value, k.dtype)};`),
  };
  return [totals, joined, running].map((pass) => renderPass(k, target, pass));
};
