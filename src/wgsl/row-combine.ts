// Registers of the invocations that share a row, combined through workgroup memory; each of them ends with the result.
import type { DType } from '../core/dtype.ts';
import type { RowPlan } from './row-plan.ts';
import type { Folding } from './row-reduce.ts';
import type { Shader } from './shader.ts';
import { registerType } from './types.ts';
import { vectorType } from './vector-operation.ts';

// Up to so many invocations everyone reads everyone's; above, in two rounds.
const oneRound = 8;

/** Arrays in workgroup memory, taken by several stages of a shader in turn. */
const arrays = new WeakMap<Shader, Map<string, string>>();

/**
 * Inside of a subgroup, whose invocations are consecutive ones: each takes in that of its opposite, at growing distances. All
 * end with the same bits, since the two sides of a pair combine the same two.
 */
const exchange = (s: Shader, foldings: readonly Folding[], lanes: number): void => {
  s.enable('subgroups');
  for (let distance = 1; distance < lanes; distance *= 2)
    for (const f of foldings) {
      const other = (name: string, d: DType): string => {
        const text = d === 'bool' ? `u32(${name})` : name;
        const shuffled = `subgroupShuffleXor(${text}, ${distance}u)`;
        const x = s.fresh('x');
        s.line(`let ${x} = ${d === 'bool' ? `${shuffled} != 0u` : shuffled};`);
        return x;
      };
      f.merge(f.names.map((name, r) => other(name, f.types[r]!)));
    }
};

/** Deterministic: the order depends on nothing but the number of invocations. */
export const combineLanes = (s: Shader, plan: RowPlan, foldings: readonly Folding[]): void => {
  const { lanes, rows, across } = plan;
  if (lanes === 1 || foldings.length === 0) return;
  // Neighbours first, where they can talk to each other; one of each group of them speaks for it then.
  const near = across ? 1 : Math.min(lanes, 2 ** Math.floor(Math.log2(Math.max(1, s.target.limits.subgroupSize))));
  if (near > 1) exchange(s, foldings, near);
  if (near === lanes) return;
  const voices = lanes / near;
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
      s.declare(`var<workgroup> ${name}: array<${type}, ${voices * rows}>;`);
    }
    return name;
  };
  const own = foldings.map((f) => f.types.map((d) => array(d, f.wide)));
  const row = across ? `i32(local & ${rows - 1}u)` : `i32(local / ${lanes}u) * ${voices}`;
  const at = (voice: string): string =>
    rows === 1 ? voice : across ? `(${voice}) * ${rows} + ${row}` : `${row} + ${voice}`;
  const speaker = near === 1 ? 'lane' : `lane / ${near}`;
  const put = (place: string): void =>
    foldings.forEach((f, i) => f.names.forEach((n, r) => s.line(`${own[i]![r]!}[${place}] = ${n};`)));
  // Starts with the first of `count` places a distance apart, takes in the others.
  const gather = (from: string, distance: number, count: number): void => {
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
  if (near === 1) put('local');
  else {
    s.open(`if ((lane & ${near - 1}) == 0)`);
    put(at(speaker));
    s.close();
  }
  s.line('workgroupBarrier();');
  if (voices <= oneRound) return gather('0', 1, voices);
  const few = 2 ** Math.floor(Math.log2(voices) / 2);
  s.open(`if (lane < ${few})`);
  gather('lane', few, voices / few);
  put(at('lane'));
  s.close();
  s.line('workgroupBarrier();');
  gather('0', 1, few);
};
