// Callbacks: the module's only import beside the memory, called with the addresses of what JS shall read and write.
import { callsHost } from '../../jit/control.ts';
import type { CallbackKernel, Plan } from '../../jit/kernel.ts';
import type { FuncHandle, ModuleBuilder, ValueType } from '../encode.ts';
import { LOOP_PARAMS } from './loop.ts';
import type { Step, Unit } from './unit.ts';

/** A callback, with what JS needs to know of its buffers. */
export interface HostCallback {
  readonly kernel: CallbackKernel;
  readonly info: Unit['info'];
}

interface Imported {
  readonly func: FuncHandle;
  readonly list: HostCallback[];
}
// All programs of a module call through one import.
const imported = new WeakMap<ModuleBuilder, Imported>();

/** Imports `env.callback(id, table)` where the plan needs it; the list fills as the kernels are rendered, in order of id. */
export const importCallbacks = (m: ModuleBuilder, plan: Plan): readonly HostCallback[] => {
  if (!plan.kernels.some(callsHost)) return [];
  const list: HostCallback[] = [];
  imported.set(m, { func: m.importFunc('env', 'callback', ['i32', 'i32'], []), list });
  return list;
};

const SCRATCH = 2;

export const callbackSteps = (u: Unit, kernel: CallbackKernel): readonly Step[] => {
  const { func: host, list } = imported.get(u.m)!;
  const id = list.push({ kernel, info: u.info }) - 1;
  const buffers = [...kernel.sources, ...kernel.targets];
  const params = new Array<ValueType>(LOOP_PARAMS + buffers.length).fill('i32');
  const func = u.m.func(kernel.name, params, [], (f) => {
    buffers.forEach((_, i) =>
      f
        .get(SCRATCH)
        .get(LOOP_PARAMS + i)
        .mem('i32.store', 4 * i),
    );
    f.i32(id).get(SCRATCH).call(host);
  });
  return [{ func, buffers, extent: 1, grain: 1, scratchBytes: 4 * buffers.length }];
};
