// One WebAssembly module for a planned program: a function a kernel, and `run`, which calls them in order.
import type { BufferInfo, Kernel, Plan } from '../jit/kernel.ts';
import { moduleBuilder, type Emitter } from './encode.ts';
import { callbackSteps, importCallbacks, type HostCallback } from './codegen/callback.ts';
import { condStep, scanStep, whileStep, type PlanFunction } from './codegen/control.ts';
import { contractSteps } from './codegen/contract.ts';
import { cumulateSteps } from './codegen/cumulate.ts';
import { scatterSteps } from './codegen/scatter.ts';
import { sortSteps } from './codegen/sort.ts';
import { loopStep, planLoop, unit, type Step, type Unit } from './codegen/unit.ts';

export interface ModuleOptions {
  /** The engine has relaxed SIMD. */
  readonly relaxed: boolean;
  /** The memory is shared with other threads. */
  readonly shared?: boolean;
}

export interface EmittedModule {
  readonly bytes: Uint8Array;
  /** Needed behind the plan's arena, in the same allocation. */
  readonly scratchBytes: number;
  /** What `env.callback(id, table)` calls by number: the operands' and results' addresses stand in the i32 array at `table`. */
  readonly callbacks: readonly HostCallback[];
}

/**
 * Renders a program. The module imports the memory `env.memory` and exports `run(table)`, where `table` is the address of an
 * i32 array [arena, inputs.., outputs..] of 16-byte aligned addresses; the arena holds `plan.arenaBytes + scratchBytes` bytes.
 *
 * @example
 * const { bytes, scratchBytes } = emitModule(plan, { relaxed: features().relaxedSimd });
 * const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
 */
export const emitModule = (plan: Plan, options: ModuleOptions): EmittedModule => {
  const m = moduleBuilder({
    memory: { import: ['env', 'memory'], ...(options.shared === true ? { shared: true } : {}) },
  });
  const callbacks = importCallbacks(m, plan);
  const { func, scratchBytes } = planFunction(m, options.relaxed, plan, 'run');
  m.export('run', func);
  return { bytes: m.bytes(), scratchBytes, callbacks };
};

/** A planned program, the whole one or a part, as one function of its table. */
const planFunction: PlanFunction = (m, relaxed, plan, name) => {
  const info = (b: number): BufferInfo => {
    const found = plan.buffers.get(b);
    if (found === undefined) throw new Error(`wasm: the plan has no buffer ${b}`);
    return found;
  };
  const u = unit(m, relaxed, info);
  const steps = plan.kernels.flatMap((k) => kernelSteps(u, k));
  const scratchBytes = steps.reduce((n, s) => Math.max(n, s.scratchBytes), 0);
  const scratchAt = Math.ceil(plan.arenaBytes / 64) * 64;

  const func = m.func(name, ['i32'], [], (f) => {
    const address = (b: number): void => {
      const place = plan.places.get(b);
      if (place === undefined) throw new Error(`wasm: the plan has no place for buffer ${b}`);
      if (place.kind === 'arena') f.get(0).mem('i32.load').i32(place.offset).op('i32.add');
      else f.get(0).mem('i32.load', 4 * (1 + place.position + (place.kind === 'output' ? plan.inputs.length : 0)));
    };
    const begin = f.local('i32');
    for (const s of steps) callStep(f, s, begin, address, () => f.get(0).mem('i32.load').i32(scratchAt).op('i32.add'));
  });
  return { func, scratchBytes: scratchBytes === 0 ? 0 : scratchBytes + (scratchAt - plan.arenaBytes) };
};

const callStep = (f: Emitter, s: Step, begin: number, address: (b: number) => void, scratch: () => void): void => {
  const rest = (): void => {
    scratch();
    for (const b of s.buffers) address(b);
    f.call(s.func);
  };
  if (s.grain >= s.extent) {
    f.i32(0).i32(s.extent);
    rest();
    return;
  }
  f.for(begin, 0, s.extent, s.grain, () => {
    f.get(begin);
    if (s.extent % s.grain === 0) f.get(begin).i32(s.grain).op('i32.add');
    else {
      f.get(begin).i32(s.grain).op('i32.add').i32(s.extent);
      f.get(begin)
        .i32(s.extent - s.grain)
        .op('i32.lt_s')
        .op('select');
    }
    rest();
  });
};

const kernelSteps = (u: Unit, k: Kernel): readonly Step[] => {
  switch (k.kind) {
    case 'loop': {
      const step = loopStep(u, planLoop(k, u.info));
      return step === null ? [] : [step];
    }
    case 'multi':
      return k.parts.flatMap((part) => kernelSteps(u, part));
    case 'contract':
      return contractSteps(u, k);
    case 'scatter':
      return scatterSteps(u, k);
    case 'cumulate':
      return cumulateSteps(u, k);
    case 'attention':
    case 'attentionGradient':
      throw new Error(`wasm: there is no kernel for ${k.kind}`);
    case 'callback':
      return callbackSteps(u, k);
    case 'sort':
      return sortSteps(u, k);
    case 'scan':
      return [scanStep(u, k, planFunction)];
    case 'cond':
      return [condStep(u, k, planFunction)];
    case 'while':
      return [whileStep(u, k, planFunction)];
  }
};
