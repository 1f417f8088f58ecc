// Control flow: real loops and branches inside the module, around the functions of the programs that they hold.
import { byteSize } from '../../core/dtype.ts';
import type { CarrySlot, CondKernel, Plan, ScanKernel, WhileKernel } from '../../jit/kernel.ts';
import type { Emitter, FuncHandle, ModuleBuilder, ValueType } from '../encode.ts';
import { LOOP_PARAMS } from './loop.ts';
import type { Step, Unit } from './unit.ts';

/** Emits a plan as a function of the address of its table [arena, inputs.., outputs..]; its arena is followed by `scratchBytes` more. */
export type PlanFunction = (
  m: ModuleBuilder,
  relaxed: boolean,
  plan: Plan,
  name: string,
) => { readonly func: FuncHandle; readonly scratchBytes: number };

const SCRATCH = 2;
const align = (n: number): number => Math.ceil(n / 64) * 64;
const bytesOf = (plan: Plan, buffer: number): number => {
  const b = plan.buffers.get(buffer)!;
  return b.length * byteSize(b.dtype);
};

/** A program inside of a kernel: its function, and the part of the kernel's scratch that holds its table and its arena. */
interface Part {
  readonly plan: Plan;
  readonly func: FuncHandle;
  readonly table: number;
  readonly arena: number;
  readonly end: number;
}
const part = (u: Unit, emit: PlanFunction, plan: Plan, name: string, at: number): Part => {
  const { func, scratchBytes } = emit(u.m, u.relaxed, plan, name);
  const arena = at + align(4 * (1 + plan.inputs.length + plan.outputs.length));
  return { plan, func, table: at, arena, end: align(arena + plan.arenaBytes + scratchBytes) };
};

/** What the body of a control function works with. */
interface Control {
  readonly f: Emitter;
  /** Pushes the address of a buffer, given by its position among the parameters. */
  readonly buffer: (position: number) => () => void;
  /** Writes the address of a part's arena into its table. */
  readonly begin: (p: Part) => void;
  /** Writes an address into a part's table. */
  readonly input: (p: Part, i: number, address: () => void) => void;
  readonly output: (p: Part, j: number, address: () => void) => void;
  readonly call: (p: Part) => void;
  readonly copy: (to: () => void, from: () => void, bytes: number) => void;
}

const step = (
  u: Unit,
  name: string,
  buffers: readonly number[],
  parts: readonly Part[],
  body: (c: Control) => void,
  /** Bytes behind the parts. */
  more = 0,
): Step => {
  const params: ValueType[] = new Array<ValueType>(LOOP_PARAMS + buffers.length).fill('i32');
  const func = u.m.func(name, params, [], (f) => {
    const scratch = (offset: number): void =>
      void (offset === 0 ? f.get(SCRATCH) : f.get(SCRATCH).i32(offset).op('i32.add'));
    const entry = (p: Part, k: number, address: () => void): void => {
      scratch(p.table);
      address();
      f.mem('i32.store', 4 * k);
    };
    body({
      f,
      buffer: (position) => () => f.get(LOOP_PARAMS + position),
      input: (p, i, address) => entry(p, 1 + i, address),
      output: (p, j, address) => entry(p, 1 + p.plan.inputs.length + j, address),
      begin: (p) => entry(p, 0, () => scratch(p.arena)),
      call: (p) => {
        scratch(p.table);
        f.call(p.func);
      },
      copy: (to, from, bytes) => {
        if (bytes === 0) return;
        to();
        from();
        f.i32(bytes).memoryCopy();
      },
    });
  });
  return { func, buffers, extent: 1, grain: 1, scratchBytes: parts.reduce((n, p) => Math.max(n, p.end), 0) + more };
};

/** The carry of a loop: where it is now, and how it goes on after each step. */
interface Carried {
  readonly current: (i: number) => () => void;
  /** Sets the table's entries for the next step. */
  readonly place: (p: Part, firstInput: number) => void;
  readonly swap: () => void;
  /** Moves the final values to where they belong. */
  readonly finish: () => void;
}
const carried = (
  { f, input, output, buffer, copy }: Control,
  slots: readonly CarrySlot[],
  at: (slot: number) => { readonly init: number; readonly out: number; readonly spare: number },
  bytes: (slot: number) => number,
  /** Where known, the number of steps: then the start is chosen such that the end needs no copy. */
  steps: number | undefined,
): Carried => {
  const known = steps !== undefined;
  const locals = slots.map((s, i) => {
    const { init, out, spare } = at(i);
    const current = f.local('i32');
    const other = s.spare === undefined ? undefined : f.local('i32');
    const begin = other !== undefined && known && steps % 2 === 1 ? spare : out;
    buffer(begin)();
    f.set(current);
    if (other !== undefined) {
      buffer(begin === out ? spare : out)();
      f.set(other);
    }
    if (s.init !== s.out || begin !== out) copy(() => f.get(current), buffer(init), bytes(i));
    return { current, other };
  });
  return {
    current: (i) => () => f.get(locals[i]!.current),
    place: (p, first) =>
      locals.forEach(({ current, other }, i) => {
        input(p, first + i, () => f.get(current));
        output(p, i, () => f.get(other ?? current));
      }),
    swap: () => {
      const t = f.local('i32');
      for (const { current, other } of locals)
        if (other !== undefined) f.get(current).set(t).get(other).set(current).get(t).set(other);
    },
    finish: () => {
      if (known) return;
      locals.forEach(({ current, other }, i) => {
        if (other === undefined) return;
        const out = buffer(at(i).out);
        out();
        f.get(current).op('i32.ne');
        f.if(() => copy(out, () => f.get(current), bytes(i)));
      });
    },
  };
};

const slotBuffers = (slots: readonly CarrySlot[]): number[] => slots.flatMap((c) => [c.init, c.out, c.spare ?? c.out]);

export const scanStep = (u: Unit, k: ScanKernel, emit: PlanFunction): Step => {
  const body = part(u, emit, k.body, `${k.name}_body`, 0);
  const buffers = [...k.consts, ...k.xs, ...k.ys, ...slotBuffers(k.carry)];
  const xsAt = k.consts.length;
  const ysAt = xsAt + k.xs.length;
  const slotsAt = ysAt + k.ys.length;
  const firstX = k.consts.length + k.carry.length;
  return step(u, k.name, buffers, [body], (c) => {
    const { f, buffer, input, output } = c;
    c.begin(body);
    k.consts.forEach((_, i) => input(body, i, buffer(i)));
    const bytes = (i: number): number => bytesOf(k.body, k.body.outputs[i]!);
    const carry = carried(
      c,
      k.carry,
      (i) => ({ init: slotsAt + 3 * i, out: slotsAt + 3 * i + 1, spare: slotsAt + 3 * i + 2 }),
      bytes,
      k.length,
    );
    // Each sliced buffer has a pointer that goes through it.
    const sliced = [
      ...k.xs.map((_, i) => ({
        at: xsAt + i,
        bytes: bytesOf(k.body, k.body.inputs[firstX + i]!),
        set: (a: () => void) => input(body, firstX + i, a),
      })),
      ...k.ys.map((_, i) => ({
        at: ysAt + i,
        bytes: bytes(k.carry.length + i),
        set: (a: () => void) => output(body, k.carry.length + i, a),
      })),
    ].map((s) => {
      const pointer = f.local('i32');
      buffer(s.at)();
      if (k.reverse) f.i32((k.length - 1) * s.bytes).op('i32.add');
      f.set(pointer);
      return { ...s, pointer };
    });
    f.for(f.local('i32'), 0, k.length, 1, () => {
      carry.place(body, k.consts.length);
      for (const s of sliced) s.set(() => f.get(s.pointer));
      c.call(body);
      carry.swap();
      for (const s of sliced)
        f.get(s.pointer)
          .i32(k.reverse ? -s.bytes : s.bytes)
          .op('i32.add')
          .set(s.pointer);
    });
    carry.finish();
  });
};

export const condStep = (u: Unit, k: CondKernel, emit: PlanFunction): Step => {
  const parts = k.branches.map((b, i) => part(u, emit, b, `${k.name}_${i}`, 0));
  const buffers = [k.index, ...k.inputs, ...k.outs];
  return step(u, k.name, buffers, parts, (c) => {
    const { f, buffer, input, output } = c;
    const index = f.local('i32');
    buffer(0)();
    f.mem('i32.load').set(index);
    const run = (p: Part): void => {
      c.begin(p);
      k.inputs.forEach((_, i) => input(p, i, buffer(1 + i)));
      k.outs.forEach((_, j) => output(p, j, buffer(1 + k.inputs.length + j)));
      c.call(p);
    };
    const choose = (b: number): void => {
      if (b === parts.length - 1) return run(parts[b]!);
      f.get(index).i32(b).op('i32.le_s');
      f.if(
        () => run(parts[b]!),
        () => choose(b + 1),
      );
    };
    choose(0);
  });
};

export const whileStep = (u: Unit, k: WhileKernel, emit: PlanFunction): Step => {
  const body = part(u, emit, k.body, `${k.name}_body`, 0);
  const cond = part(u, emit, k.cond, `${k.name}_cond`, body.end);
  const answer = cond.end;
  const buffers = [...k.condConsts, ...k.bodyConsts, ...slotBuffers(k.carry)];
  const slotsAt = k.condConsts.length + k.bodyConsts.length;
  return step(
    u,
    k.name,
    buffers,
    [body, cond],
    (c) => {
      const { f, buffer, input, output } = c;
      c.begin(body);
      c.begin(cond);
      k.condConsts.forEach((_, i) => input(cond, i, buffer(i)));
      k.bodyConsts.forEach((_, i) => input(body, i, buffer(k.condConsts.length + i)));
      output(cond, 0, () => f.get(SCRATCH).i32(answer).op('i32.add'));
      const carry = carried(
        c,
        k.carry,
        (i) => ({ init: slotsAt + 3 * i, out: slotsAt + 3 * i + 1, spare: slotsAt + 3 * i + 2 }),
        (i) => bytesOf(k.body, k.body.outputs[i]!),
        undefined,
      );
      f.block((done) =>
        f.loop((again) => {
          k.carry.forEach((_, i) => input(cond, k.condConsts.length + i, carry.current(i)));
          c.call(cond);
          f.get(SCRATCH).mem('i32.load8_u', answer).op('i32.eqz').brIf(done);
          carry.place(body, k.bodyConsts.length);
          c.call(body);
          carry.swap();
          f.br(again);
        }),
      );
      carry.finish();
    },
    64,
  );
};
