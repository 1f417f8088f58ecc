// Registers of the invocations that share a row, combined through workgroup memory; each of them ends with the result.
import type { DType } from '../core/dtype.ts';
import type { RowPlan } from './row-plan.ts';
import type { Folding } from './row-reduce.ts';
import type { Shader } from './shader.ts';
import { registerType } from './types.ts';
import { vectorType } from './vector-operation.ts';

// Up to so many invocations everyone reads everyone's; above, in two rounds.
const oneRound = 32;

/** Arrays in workgroup memory, taken by several stages of a shader in turn. */
const arrays = new WeakMap<Shader, Map<string, string>>();

/** Deterministic: the order depends on nothing but the number of invocations. */
export const combineLanes = (s: Shader, plan: RowPlan, foldings: readonly Folding[]): void => {
  const { lanes, rows, across } = plan;
  if (lanes === 1 || foldings.length === 0) return;
  let known = arrays.get(s);
  if (known === undefined) arrays.set(s, (known = new Map()));
  else s.line('workgroupBarrier();');
  const taken = new Map<string, number>();
  const array = (d: DType, wide: boolean): string => {
    const type = wide ? vectorType(d) : registerType(d);
    const n = taken.get(type) ?? 0;
    taken.set(type, n + 1);
    const key = `${type} ${n}`;
    let name = known.get(key);
    if (name === undefined) {
      known.set(key, (name = s.fresh('shared')));
      s.declare(`var<workgroup> ${name}: array<${type}, ${lanes * rows}>;`);
    }
    return name;
  };
  const own = foldings.map((f) => f.types.map((d) => array(d, f.wide)));
  const at = (lane: string): string =>
    rows === 1
      ? lane
      : across
        ? `(${lane}) * ${rows} + i32(local & ${rows - 1}u)`
        : `i32(local & ~${lanes - 1}u) + ${lane}`;
  const put = (): void =>
    foldings.forEach((f, i) => f.names.forEach((n, r) => s.line(`${own[i]![r]!}[local] = ${n};`)));
  // Starts with the first of `count` places a distance apart, takes in the others.
  const gather = (from: string, distance: number, count: number, holdsFirst: boolean): void => {
    if (!holdsFirst)
      foldings.forEach((f, i) => f.names.forEach((n, r) => s.line(`${n} = ${own[i]![r]!}[${at(from)}];`)));
    if (count === 1) return;
    const l = s.fresh('l');
    s.open(`for (var ${l} = 1; ${l} < ${count}; ${l}++)`);
    const o = s.fresh('o');
    const step = distance === 1 ? l : `${l} * ${distance}`;
    s.line(`let ${o} = ${at(from === '0' ? step : `${from} + ${step}`)};`);
    foldings.forEach((f, i) =>
      f.merge(
        f.names.map((_, r) => {
          const name = s.fresh('x');
          s.line(`let ${name} = ${own[i]![r]!}[${o}];`);
          return name;
        }),
      ),
    );
    s.close();
  };
  put();
  s.line('workgroupBarrier();');
  if (lanes <= oneRound) return gather('0', 1, lanes, false);
  const few = 2 ** Math.floor(Math.log2(lanes) / 2);
  s.open(`if (lane < ${few})`);
  gather('lane', few, lanes / few, true);
  put();
  s.close();
  s.line('workgroupBarrier();');
  gather('0', 1, few, false);
};
