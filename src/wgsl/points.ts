// Points of an iteration space: numbers of invocations and of workgroups, loop variables out of a number, and nested loops.
import { count, type Var } from '../core/index-expr.ts';
import { spread, type Shader } from './shader.ts';

/** Fewest invocations of a workgroup. */
export const groupSize = 64;
const largeGroup = 256;

/** The least power of two that is no less. */
export const powerAbove = (n: number): number => 2 ** Math.ceil(Math.log2(Math.max(1, n)));

/** The beginning of a shader with one invocation for each of `points`; `p` is its number. */
export const perPoint = (
  s: Shader,
  points: number,
): { readonly head: string; readonly workgroups: readonly [number, number, number] } => {
  const size = points >= 1024 ? Math.min(largeGroup, s.target.limits.invocations) : groupSize;
  const workgroups = spread(Math.ceil(points / size), s.target.limits.workgroups);
  s.line(workgroups[1] === 1 ? 'let p = i32(id.x);' : `let p = i32(id.x + id.y * ${workgroups[0] * size}u);`);
  s.line(`if (p >= ${points}) { return; }`);
  return {
    head: `@compute @workgroup_size(${size})\nfn main(@builtin(global_invocation_id) id: vec3u)`,
    workgroups,
  };
};

/** The number of a workgroup, `g`, within the limits of a dimension; workgroups beyond the last end here. `id` names the builtin. */
export const numberGroups = (s: Shader, groups: number, id = 'group'): readonly [number, number, number] => {
  const workgroups = spread(groups, s.target.limits.workgroups);
  s.line(workgroups[1] === 1 ? `let g = i32(${id}.x);` : `let g = i32(${id}.x + ${id}.y * ${workgroups[0]}u);`);
  if (workgroups[0] * workgroups[1] !== groups) s.line(`if (g >= ${groups}) { return; }`);
  return workgroups;
};

/** Quotient and remainder of a number that is not negative: WGSL rounds towards zero, and unsigned division is quicker. */
export const quotient = (of: string, by: number): string =>
  by === 1 ? of : Number.isInteger(Math.log2(by)) ? `${atom(of)} >> ${Math.log2(by)}u` : `i32(u32(${of}) / ${by}u)`;
export const remainder = (of: string, by: number): string =>
  Number.isInteger(Math.log2(by)) ? `${atom(of)} & ${by - 1}` : `i32(u32(${of}) % ${by}u)`;
const atom = (text: string): string => (/^\w+$/.test(text) ? text : `(${text})`);

/** Declares the variables of a row-major position. */
export const digits = (s: Shader, vars: readonly Var[], position: string, names: Map<number, string>): void => {
  let stride = count(vars);
  vars.forEach((v, i) => {
    stride /= Math.max(v.extent, 1);
    if (v.extent === 1) return;
    const name = s.fresh('v');
    const above = quotient(position, stride);
    const first = vars.slice(0, i).every((w) => w.extent === 1);
    s.line(`let ${name} = ${first ? above : remainder(above, v.extent)};`);
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
