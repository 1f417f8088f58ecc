// What a row keeps from stage to stage: in registers where it is short, else in the workgroup's memory, else in scratch memory.
import type { DType } from '../core/dtype.ts';
import type { LoopKernel } from '../jit/kernel.ts';
import { keptInRegisters } from './row-plan.ts';
import type { Row } from './row.ts';
import { registerType, wordBytes } from './types.ts';
import { vectorType } from './vector-operation.ts';

export interface Kept {
  /** Text of what was kept at a chunk of the row, which is an invocation's own at a turn. */
  read(row: number, chunk: string, turn: string): string;
  write(row: number, chunk: string, turn: string, value: string): void;
}

export const keepRows = (row: Row, k: LoopKernel): Kept => {
  const { s, plan } = row;
  const wide = plan.lane !== undefined;
  const fours = wide ? 4 : 1;
  const types = new Map<number, DType>();
  for (const stage of k.stages) for (const a of stage.actions) if (a.kind === 'row') types.set(a.row, a.dtype);
  const type = (d: DType): string => (wide ? vectorType(d) : registerType(d));
  const where = new Map<number, (chunk: string, turn: string) => string>();
  // Combining takes a part of the workgroup's memory too: half of it is left for that.
  let left = s.target.limits.workgroupBytes / 2;
  let scratch = 0;
  for (const [r, d] of types) {
    if (plan.turns * fours * types.size <= keptInRegisters) {
      const name = s.fresh('kept');
      s.line(`var ${name}: array<${type(d)}, ${plan.turns}>;`);
      where.set(r, (_, turn) => `${name}[${turn}]`);
      continue;
    }
    const places = plan.chunks * plan.rows;
    const bytes = places * fours * wordBytes;
    if (bytes <= left) {
      left -= bytes;
      const name = s.fresh('kept');
      s.declare(`var<workgroup> ${name}: array<${type(d)}, ${places}>;`);
      const unit =
        plan.rows === 1 ? '' : plan.across ? `i32(local & ${plan.rows - 1}u)` : `i32(local / ${plan.lanes}u)`;
      where.set(r, (chunk) => `${name}[${unit === '' ? chunk : `${unit} * ${plan.chunks} + ${chunk}`}]`);
      continue;
    }
    const base = scratch;
    scratch += plan.units * plan.chunks * fours;
    where.set(r, (chunk) => `${base} + (p * ${plan.chunks} + ${chunk})${wide ? ' * 4' : ''}`);
  }
  const memory = scratch === 0 ? '' : s.scratch(scratch);
  const inScratch = (r: number): boolean => !where.get(r)!('', '').includes('[');
  const four = [0, 1, 2, 3];
  return {
    read: (r, chunk, turn) => {
      const at = where.get(r)!(chunk, turn);
      if (!inScratch(r)) return at;
      const d = types.get(r)!;
      const word = wide ? `vec4<u32>(${four.map((i) => `${memory}[${at} + ${i}]`).join(', ')})` : `${memory}[${at}]`;
      return d === 'uint32'
        ? word
        : d === 'bool'
          ? `${word} != ${wide ? 'vec4<u32>()' : '0u'}`
          : `bitcast<${type(d)}>(${word})`;
    },
    write: (r, chunk, turn, value) => {
      const at = where.get(r)!(chunk, turn);
      if (!inScratch(r)) return s.line(`${at} = ${value};`);
      const d = types.get(r)!;
      const u32 = wide ? 'vec4<u32>' : 'u32';
      const name = s.fresh('w');
      s.line(`let ${name} = ${d === 'bool' ? `${u32}(${value})` : `bitcast<${u32}>(${value})`};`);
      if (wide) four.forEach((i) => s.line(`${memory}[${at} + ${i}] = ${name}[${i}];`));
      else s.line(`${memory}[${at}] = ${name};`);
    },
  };
};
