// Runs plans through the WebAssembly code generator alone, over a memory whose bytes around every buffer are watched.
import { byteSize, hostView, type TypedArray } from '../../src/core/dtype.ts';
import type { Plan } from '../../src/jit/kernel.ts';
import { emitModule } from '../../src/wasm/module.ts';
import { features } from '../../src/wasm/features.ts';

export { planOf, random, type Buffers } from '../backends/kernels/plans.ts';

export interface Runner {
  readonly bytes: Uint8Array;
  readonly run: () => void;
  readonly inputs: readonly TypedArray[];
  readonly outputs: readonly TypedArray[];
}

/** Compiles a plan over a memory of its own; guard bytes around every buffer are checked after each run. */
export const prepare = (
  plan: Plan,
  inputs: readonly TypedArray[],
  relaxed: boolean = process.env['RELAXED'] === '1',
): Runner => {
  const { bytes, scratchBytes } = emitModule(plan, { relaxed: relaxed && features().relaxedSimd });
  let at = 1024;
  const take = (size: number): number => {
    const address = at;
    at = Math.ceil((at + size + 64) / 64) * 64;
    return address;
  };
  const sizes = (id: number): number => plan.buffers.get(id)!.length * byteSize(plan.buffers.get(id)!.dtype);
  const inputAt = plan.inputs.map((id) => take(sizes(id)));
  const outputAt = plan.outputs.map((id, j) =>
    plan.aliases.has(j) ? inputAt[plan.aliases.get(j)!]! : take(sizes(id)),
  );
  const arena = take(plan.arenaBytes + scratchBytes);
  const arenaEnd = at;
  const table = take(4 * (1 + inputAt.length + outputAt.length));
  const memory = new WebAssembly.Memory({ initial: Math.ceil((at + 4096) / 65536) });
  const all = new Uint8Array(memory.buffer);
  all.fill(0xa5);
  const view = (id: number, address: number): TypedArray => {
    const { dtype, length } = plan.buffers.get(id)!;
    return hostView(dtype, memory.buffer, address, length);
  };
  const ins = plan.inputs.map((id, i) => view(id, inputAt[i]!));
  ins.forEach((v, i) => v.set(inputs[i]! as never));
  new Int32Array(memory.buffer, table, 1 + inputAt.length + outputAt.length).set([arena, ...inputAt, ...outputAt]);
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes as BufferSource), { env: { memory } });
  const go = instance.exports['run'] as (table: number) => void;
  const spans: [number, number][] = [
    ...plan.outputs.map((id, j): [number, number] => [outputAt[j]!, sizes(id)]),
    ...plan.inputs.map((id, j): [number, number] => [inputAt[j]!, sizes(id)]),
    [arena, plan.arenaBytes + scratchBytes],
  ];
  const run = (): void => {
    go(table);
    for (const [start, size] of spans) {
      const end = Math.ceil((start + size + 64) / 64) * 64;
      for (let i = start + size; i < end; i++)
        if (all[i] !== 0xa5) throw new Error(`a store beyond the end of a buffer, at +${i - start - size}`);
    }
    void arenaEnd;
  };
  return { bytes, run, inputs: ins, outputs: plan.outputs.map((id, j) => view(id, outputAt[j]!)) };
};
