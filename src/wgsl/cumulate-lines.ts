// Running reductions whose lines lie side by side: an invocation runs along each line, or along a piece of it.
import type { CumulateKernel } from '../jit/kernel.ts';
import { elementAt, join, neutral, storeAt } from './cumulate-op.ts';
import { perPoint } from './points.ts';
import { createShader, type Shader, type Target } from './shader.ts';
import type { Dispatch } from './steps.ts';
import { fromWord, registerType, toWord } from './types.ts';

// Additions before a running float sum is put aside, so that a long one stays accurate.
const block = 64;

/** What the pieces before contribute; afterwards, all up to a piece. Neighbouring lines are neighbours. */
const partAt = (s: Shader, k: CumulateKernel, pieces: number, piece: string): string =>
  `${s.scratch(k.outer * pieces * k.inner)}[(o * ${pieces} + ${piece}) * ${k.inner} + n]`;

/** One pass over pieces of `size` elements: their totals, or running values that go on from the pieces before. */
const renderPieces = (k: CumulateKernel, target: Target, size: number, totals: boolean): Dispatch => {
  const pieces = Math.ceil(k.length / size);
  const s = createShader(target);
  const { head, workgroups } = perPoint(s, k.outer * pieces * k.inner);
  const blocked = k.op === 'sum' && k.dtype === 'float32';
  s.line(`let n = p % ${k.inner};`);
  s.line(`let piece = p / ${k.inner} % ${pieces};`);
  s.line(`let o = p / ${k.inner * pieces};`);
  s.line(`let base = o * ${k.length * k.inner} + n;`);
  s.line(`let lo = piece * ${size};`);
  s.line(`let hi = min(lo + ${size}, ${k.length});`);
  s.line(`var before: ${registerType(k.dtype)} = ${neutral(s, k)};`);
  if (!totals && pieces > 1)
    s.line(`if (piece > 0) { before = ${fromWord(partAt(s, k, pieces, 'piece - 1'), k.dtype)}; }`);
  s.line(`var acc: ${registerType(k.dtype)} = ${blocked ? neutral(s, k) : 'before'};`);
  s.open('for (var i = lo; i < hi; i++)');
  s.line(`let x = ${elementAt(s, k, 'i')};`);
  if (!blocked && pieces === 1) {
    s.open('if (i == 0)');
    s.line('acc = x;');
    s.between('else');
    s.line(`acc = ${join(s, k, 'acc', 'x')};`);
    s.close();
  } else s.line(`acc = ${join(s, k, 'acc', 'x')};`);
  if (!totals) storeAt(s, k, 'i', blocked ? 'before + acc' : 'acc');
  if (blocked) s.line(`if ((i & ${block - 1}) == ${block - 1}) { before += acc; acc = ${neutral(s, k)}; }`);
  s.close();
  if (totals) s.line(`${partAt(s, k, pieces, 'piece')} = ${toWord(blocked ? '(before + acc)' : 'acc', k.dtype)};`);
  return s.finish(totals ? `${k.name}_pieces` : k.name, head, workgroups);
};

/** Totals of pieces as totals of all up to them. */
const renderJoin = (k: CumulateKernel, target: Target, pieces: number): Dispatch => {
  const s = createShader(target);
  const { head, workgroups } = perPoint(s, k.outer * k.inner);
  s.line(`let n = p % ${k.inner};`);
  s.line(`let o = p / ${k.inner};`);
  s.line(`var acc: ${registerType(k.dtype)} = ${fromWord(partAt(s, k, pieces, '0'), k.dtype)};`);
  s.open(`for (var i = 1; i < ${pieces}; i++)`);
  s.line(`let x = ${fromWord(partAt(s, k, pieces, 'i'), k.dtype)};`);
  s.line(`acc = ${join(s, k, 'acc', 'x')};`);
  s.line(`${partAt(s, k, pieces, 'i')} = ${toWord('acc', k.dtype)};`);
  s.close();
  return s.finish(`${k.name}_join`, head, workgroups);
};

/** One dispatch for lines as a whole, three for pieces of `size`. */
export const renderLines = (k: CumulateKernel, target: Target, size: number): readonly Dispatch[] =>
  size >= k.length
    ? [renderPieces(k, target, k.length, false)]
    : [
        renderPieces(k, target, size, true),
        renderJoin(k, target, Math.ceil(k.length / size)),
        renderPieces(k, target, size, false),
      ];
