// Updates in place: which scatters and loops may take over the memory of what they begin with, so that its copy disappears.
import type { Expr } from '../core/expr.ts';
import { count, indexKey, rowMajor } from '../core/index-expr.ts';
import { buffersOf } from './buffers.ts';
import type { BufferInfo, Kernel, LoopKernel, ScanKernel, ScatterKernel, WhileKernel } from './kernel.ts';

export interface Updates {
  readonly kernels: readonly Kernel[];
  readonly buffers: ReadonlyMap<number, BufferInfo>;
  /** Buffers with the same memory, in order: each is an update of the one before. */
  readonly chains: readonly (readonly number[])[];
  /** Output -> input, by position: the output's memory is the input's, which the chain between them updates. */
  readonly aliases: Map<number, number>;
}
interface Frame {
  readonly buffers: ReadonlyMap<number, BufferInfo>;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** Whether the output at a position may be written over the input at a position, from the kernel on that writes buffer `first`. */
  readonly mayTake: (output: number, input: number, kernels: readonly Kernel[], first: number) => boolean;
}

/** The buffer that a scatter copies before it updates, if it copies one as it is. */
const operandOf = (k: ScatterKernel, buffers: Frame['buffers']): number | undefined => {
  if (k.init === undefined) return undefined;
  const { value, index } = k.init;
  if (value.op !== 'load' || value.guards.length > 0 || indexKey(value.index) !== indexKey(index)) return undefined;
  return alike(buffers.get(value.buffer)!, buffers.get(k.target)!) ? value.buffer : undefined;
};

const alike = (a: BufferInfo, b: BufferInfo): boolean => a.length === b.length && a.dtype === b.dtype;

/** What a loop reads, as often as it is handed in. */
const handedIn = (k: ScanKernel | WhileKernel): number[] => [
  ...(k.kind === 'scan' ? [...k.consts, ...k.xs] : [...k.condConsts, ...k.bodyConsts]),
  ...k.carry.map((c) => c.init),
];

const readsOf = (k: Kernel): readonly number[] => buffersOf(k).reads;
/** What a scatter reads beside the operand that it copies. */
const withoutInit = ({ init: _, ...k }: ScatterKernel): ScatterKernel => k;

/** Scatters later, behind whatever else reads the operand, where nothing in between needs the result. */
const sink = (kernels: readonly Kernel[], buffers: Frame['buffers']): Kernel[] => {
  const out = [...kernels];
  for (const k of kernels) {
    const operand = k.kind === 'scatter' ? operandOf(k, buffers) : undefined;
    if (k.kind !== 'scatter' || operand === undefined) continue;
    const at = out.indexOf(k);
    const last = out.findLastIndex((other, i) => i > at && readsOf(other).includes(operand));
    const between = out.slice(at + 1, last + 1);
    const rival = between.some((o) => o.kind === 'scatter' && operandOf(o, buffers) === operand);
    if (last < 0 || rival || between.some((o) => readsOf(o).includes(k.target))) continue;
    out.splice(at, 1);
    out.splice(last, 0, k);
  }
  return out;
};

/** The update values computed beforehand, into a buffer of their own. */
const splitValue = (k: ScatterKernel, buffer: number): readonly [LoopKernel, ScatterKernel] => {
  const at = rowMajor(k.axes);
  const value: Expr = { op: 'load', dtype: k.dtype, buffer, index: at, guards: [], fill: 0 };
  return [
    {
      kind: 'loop',
      name: `${k.name}_update`,
      outer: k.axes,
      stages: [{ axes: [], actions: [{ kind: 'store', buffer, index: at, value: k.value }] }],
    },
    { ...k, value },
  ];
};

/**
 * A scatter takes its operand's memory, and a loop's carry that of its initial value, where the operand is a temporary, or an input
 * that may be overwritten by the output in which the chain of updates ends; where nothing reads the operand any more; and where
 * neither the updates nor their places are read from it (updates that are get a buffer of their own). A carry in place is its own
 * initial value.
 */
export const updateInPlace = (scheduled: readonly Kernel[], frame: Frame): Updates => {
  const { inputs, outputs, mayTake } = frame;
  const kernels = sink(scheduled, frame.buffers);
  const buffers = new Map(frame.buffers);
  const lastRead = new Map<number, number>();
  kernels.forEach((k, i) => readsOf(k).forEach((b) => lastRead.set(b, i)));

  // The operand of each target that could do without a copy.
  const takes = new Map<number, number>();
  kernels.forEach((k, i) => {
    const dead = (b: number): boolean => !outputs.includes(b) && lastRead.get(b) === i;
    if (k.kind === 'scan' || k.kind === 'while') {
      const all = handedIn(k);
      for (const { init, out } of k.carry)
        if (dead(init) && alike(buffers.get(init)!, buffers.get(out)!) && all.indexOf(init) === all.lastIndexOf(init))
          takes.set(out, init);
    }
    if (k.kind !== 'scatter') return;
    const operand = operandOf(k, buffers);
    if (operand === undefined || !dead(operand)) return;
    const rest = readsOf(withoutInit(k));
    const placed = readsOf(withoutInit({ ...k, value: { op: 'const', dtype: k.dtype, value: 0 } }));
    if (placed.includes(operand)) return;
    if (rest.includes(operand) && count(k.axes) > buffers.get(operand)!.length) return;
    takes.set(k.target, operand);
  });

  // A chain that begins with an input must end in an output that may be written over it.
  const next = new Map([...takes].map(([target, operand]) => [operand, target]));
  const chainFrom = (id: number | undefined): number[] => (id === undefined ? [] : [id, ...chainFrom(next.get(id))]);
  const aliases = new Map<number, number>();
  inputs.forEach((id, position) => {
    const first = next.get(id);
    if (first === undefined) return;
    const output = outputs.indexOf(chainFrom(first).at(-1)!);
    if (output >= 0 && mayTake(output, position, kernels, first)) aliases.set(output, position);
    else {
      takes.delete(first);
      next.delete(id);
    }
  });
  const chains = [...next.keys()].filter((id) => !takes.has(id)).map(chainFrom);

  let fresh = Math.max(...buffers.keys()) + 1;
  const changed = kernels.flatMap((k): readonly Kernel[] => {
    if (k.kind === 'scan' || k.kind === 'while')
      return [{ ...k, carry: k.carry.map((c) => (takes.has(c.out) ? { ...c, init: c.out } : c)) }];
    if (k.kind !== 'scatter' || !takes.has(k.target)) return [k];
    const update = withoutInit(k);
    if (!readsOf(update).includes(takes.get(k.target)!)) return [update];
    const id = fresh++;
    buffers.set(id, { id, dtype: k.dtype, length: count(k.axes) });
    return splitValue(update, id);
  });
  return { kernels: changed, buffers, chains, aliases };
};
