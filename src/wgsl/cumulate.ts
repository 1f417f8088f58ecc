// Running reductions in WGSL: one invocation runs along the axis for each point of the others.
import type { DType } from '../core/dtype.ts';
import { call, compare, lit, select, type Expr } from '../core/expr.ts';
import { expandMath } from '../core/math/index.ts';
import type { CumulateKernel } from '../jit/kernel.ts';
import { renderExpr } from './expr.ts';
import { perPoint } from './loop.ts';
import { createShader, type Target } from './shader.ts';
import type { Dispatch } from './steps.ts';
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

// Additions before a running float sum is put aside, so that a long one stays accurate.
const block = 64;

/** The next step is a scan in workgroup memory, for few and long runs. */
export const renderCumulate = (k: CumulateKernel, target: Target): Dispatch | undefined => {
  if (k.outer * k.length * k.inner === 0) return undefined;
  const s = createShader(target);
  const { head, workgroups } = perPoint(s, k.outer * k.inner);
  const type = registerType(k.dtype);
  const blocked = k.op === 'sum' && k.dtype === 'float32';
  const load = (at: string): string => `${s.element(k.source, at, false)}${k.dtype === 'bool' ? ' != 0u' : ''}`;
  s.line(`let base = p / ${k.inner} * ${k.length * k.inner} + p % ${k.inner};`);
  s.line(`var acc: ${type};`);
  if (blocked) s.line('var before = 0.0f;');
  s.open(`for (var i = 0; i < ${k.length}; i++)`);
  s.line(`let at = base + ${k.reverse ? `(${k.length - 1} - i)` : 'i'} * ${k.inner};`);
  s.line(`let x = ${load('at')};`);
  const names = {
    vars: new Map<number, string>(),
    locals: new Map([
      [0, 'acc'],
      [1, 'x'],
    ]),
  };
  s.open('if (i == 0)');
  s.line('acc = x;');
  s.between('else');
  s.line(`acc = ${renderExpr(s, names, combined(k, local(0, k.dtype), local(1, k.dtype)))};`);
  s.close();
  const result = blocked ? 'before + acc' : k.dtype === 'bool' ? 'u32(acc)' : 'acc';
  s.line(`${s.element(k.target, 'at', true)} = ${result};`);
  if (blocked)
    s.line(`if ((i & ${block - 1}) == ${block - 1}) { before += acc; acc = ${literal(0, k.dtype, s.use)}; }`);
  s.close();
  return s.finish(k.name, head, workgroups);
};
