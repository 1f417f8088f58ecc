// Points of an iteration space: loop variables out of one running number, and nested loops.
import type { Var } from '../core/index-expr.ts';
import type { Shader } from './shader.ts';

export const count = (vars: readonly Var[]): number => vars.reduce((n, v) => n * v.extent, 1);

/** Declares the variables of a row-major position. */
export const digits = (s: Shader, vars: readonly Var[], position: string, names: Map<number, string>): void => {
  let stride = count(vars);
  vars.forEach((v, i) => {
    stride /= Math.max(v.extent, 1);
    if (v.extent === 1) return;
    const name = s.fresh('v');
    const quotient = stride === 1 ? position : `${position} / ${stride}`;
    const first = vars.slice(0, i).every((w) => w.extent === 1);
    s.line(`let ${name} = ${first ? quotient : `${quotient} % ${v.extent}`};`);
    names.set(v.id, name);
  });
};

/** Opens one loop a variable, outermost first; gives the text of the row-major position, and closes them. */
export const loops = (
  s: Shader,
  vars: readonly Var[],
  names: Map<number, string>,
): { readonly position: string; readonly close: () => void } => {
  const own = vars.filter((v) => v.extent !== 1);
  let position = '';
  for (const v of own) {
    const name = s.fresh('i');
    s.open(`for (var ${name} = 0; ${name} < ${v.extent}; ${name}++)`);
    names.set(v.id, name);
    position = position === '' ? name : `(${position}) * ${v.extent} + ${name}`;
  }
  return {
    position: position === '' ? '0' : own.length === 1 ? position : `(${position})`,
    close: () => own.forEach(() => s.close()),
  };
};
