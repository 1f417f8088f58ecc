// Running reductions as text: what joins two values, what changes nothing, and elements of a line in memory.
import type { DType } from '../core/dtype.ts';
import type { Expr } from '../core/expr.ts';
import { identity } from '../core/ops/limits.ts';
import { combined } from '../jit/cumulation.ts';
import type { CumulateKernel } from '../jit/kernel.ts';
import { readElement, renderExpr, writeElement } from './expr.ts';
import type { Shader } from './shader.ts';
import { literal } from './types.ts';

const local = (index: number, dtype: DType): Expr => ({ op: 'local', dtype, local: index });

/** The text of `a` with what comes next, `x`, both names; lines that compute it are added first. */
export const join = (s: Shader, k: CumulateKernel, a: string, x: string): string =>
  renderExpr(
    s,
    {
      vars: new Map(),
      locals: new Map([
        [0, a],
        [1, x],
      ]),
    },
    combined(k, local(0, k.dtype), local(1, k.dtype)),
  );

/** What changes nothing. */
export const neutral = (s: Shader, k: CumulateKernel): string => literal(identity(k.op, k.dtype), k.dtype, s.use);

const along = (k: CumulateKernel, i: string): string => {
  const at = k.reverse ? `(${k.length - 1} - ${i})` : i;
  return k.inner === 1 ? at : `${at} * ${k.inner}`;
};

/** Declares `base`, where line `line` begins. */
export const lineBase = (s: Shader, k: CumulateKernel, line: string): void =>
  s.line(
    k.inner === 1
      ? `let base = ${line} * ${k.length};`
      : `let base = ${line} / ${k.inner} * ${k.length * k.inner} + ${line} % ${k.inner};`,
  );

/** Element `i` of the line at `base`, from the end the line runs from. */
export const elementAt = (s: Shader, k: CumulateKernel, i: string): string =>
  readElement(s, k.source, `base + ${along(k, i)}`, k.dtype);

export const storeAt = (s: Shader, k: CumulateKernel, i: string, value: string): void =>
  writeElement(s, k.target, `base + ${along(k, i)}`, value);
