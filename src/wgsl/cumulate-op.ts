// What running reductions combine: the expression, its neutral element, and elements of a line in memory.
import type { DType } from '../core/dtype.ts';
import { call, compare, lit, select, type Expr } from '../core/expr.ts';
import { expandMath } from '../core/math/index.ts';
import type { CumulateKernel } from '../jit/kernel.ts';
import { renderExpr } from './expr.ts';
import { identity } from './reduce.ts';
import type { Shader } from './shader.ts';
import { literal, registerType } from './types.ts';

const local = (index: number, dtype: DType): Expr => ({ op: 'local', dtype, local: index });

/** The running value `a` with the next element `x`. */
const combined = (k: CumulateKernel, a: Expr, x: Expr): Expr => {
  const d = k.dtype;
  switch (k.op) {
    case 'sum':
      return call('add', d, a, x);
    case 'prod':
      return call('mul', d, a, x);
    case 'max':
    case 'min':
      return call(k.op, d, a, x);
    case 'logsumexp': {
      // max + log1p(exp(-|a - x|)), with infinities of one sign at no distance.
      const apart = call('neg', d, call('abs', d, call('sub', d, a, x)));
      const distance = select(compare('eq', a, x), lit(0, d), apart);
      return expandMath(call('add', d, call('max', d, a, x), call('log1p', d, call('exp', d, distance))));
    }
  }
};

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
export const neutral = (s: Shader, k: CumulateKernel): string =>
  literal(k.op === 'logsumexp' ? -Infinity : identity(k.op, k.dtype), k.dtype, s.use);

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
  `${s.element(k.source, `base + ${along(k, i)}`, false)}${k.dtype === 'bool' ? ' != 0u' : ''}`;

export const storeAt = (s: Shader, k: CumulateKernel, i: string, value: string): void =>
  s.line(`${s.element(k.target, `base + ${along(k, i)}`, true)} = ${k.dtype === 'bool' ? `u32(${value})` : value};`);

/** A value as a word of scratch memory, and back. */
export const toWord = (k: CumulateKernel, value: string): string =>
  k.dtype === 'bool' ? `u32(${value})` : k.dtype === 'uint32' ? value : `bitcast<u32>(${value})`;
export const fromWord = (k: CumulateKernel, word: string): string =>
  k.dtype === 'bool' ? `(${word} != 0u)` : k.dtype === 'uint32' ? word : `bitcast<${registerType(k.dtype)}>(${word})`;
