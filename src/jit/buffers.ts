// Which buffers a kernel reads and writes, and where: what planning, donation and explanations need to know of it.
import type { Expr } from '../core/expr.ts';
import { indexKey, visitVars, type Index } from '../core/index-expr.ts';
import { visitDeep } from '../core/rewrite.ts';
import type { CarrySlot, Kernel, Stage } from './kernel.ts';

export interface KernelBuffers {
  readonly reads: readonly number[];
  readonly writes: readonly number[];
  /** For a buffer read: the positions, as index keys; undefined where a kernel reads it as it pleases. */
  readonly readAt: ReadonlyMap<number, ReadonlySet<string> | undefined>;
  readonly writtenAt: ReadonlyMap<number, string | undefined>;
  /** Of a loop kernel: the last stage that reads a buffer, and the one that writes it. */
  readonly readIn: ReadonlyMap<number, number>;
  readonly writtenIn: ReadonlyMap<number, number>;
}

const known = new WeakMap<Kernel, KernelBuffers>();

export const buffersOf = (k: Kernel): KernelBuffers => {
  let b = known.get(k);
  if (b === undefined) known.set(k, (b = collect(k)));
  return b;
};

const collect = (k: Kernel): KernelBuffers => {
  const readAt = new Map<number, Set<string> | undefined>();
  const writtenAt = new Map<number, string | undefined>();
  const readIn = new Map<number, number>();
  const writtenIn = new Map<number, number>();
  let stage = 0;
  let seen = new Set<Expr>();
  const read = (e: Expr): void =>
    visitDeep(
      e,
      (x) => {
        if (x.op !== 'load') return;
        if (!readAt.has(x.buffer)) readAt.set(x.buffer, new Set());
        readAt.get(x.buffer)?.add(x.guards.length === 0 ? indexKey(x.index) : 'guarded');
        readIn.set(x.buffer, Math.max(stage, readIn.get(x.buffer) ?? 0));
      },
      seen,
    );
  const inIndex = (i: Index): void => visitVars(i, () => undefined, read);
  const stages = (list: readonly Stage[]): void => {
    for (const [at, s] of list.entries()) {
      // Every stage reads again what it shares with the one before.
      stage = at;
      seen = new Set();
      for (const a of s.actions) {
        read(a.value);
        if (a.kind === 'store') {
          inIndex(a.index);
          writtenIn.set(a.buffer, at);
          writtenAt.set(a.buffer, writtenAt.has(a.buffer) ? undefined : indexKey(a.index));
        }
      }
    }
  };
  const carried = (slots: readonly CarrySlot[]): void =>
    slots.forEach((c) => {
      readAt.set(c.init, undefined);
      writtenAt.set(c.out, undefined);
      if (c.spare !== undefined) writtenAt.set(c.spare, undefined);
    });
  switch (k.kind) {
    case 'loop':
      stages(k.stages);
      break;
    case 'multi':
      k.parts.forEach((p) => stages(p.stages));
      break;
    case 'contract':
      read(k.a);
      read(k.b);
      // Operands are read in blocks, long after the first results were written.
      for (const b of readAt.keys()) readAt.set(b, undefined);
      seen.clear();
      k.epilogue.forEach((a) => {
        read(a.value);
        writtenAt.set(a.buffer, indexKey(a.index));
      });
      // Written while results elsewhere are still to be computed.
      k.sums?.forEach((x) => writtenAt.set(x.buffer, undefined));
      break;
    case 'scatter':
      if (k.init !== undefined) read(k.init.value);
      read(k.value);
      inIndex(k.index);
      k.guards.forEach((g) => inIndex(g.index));
      for (const b of readAt.keys()) readAt.set(b, undefined);
      writtenAt.set(k.target, undefined);
      break;
    case 'cumulate':
      readAt.set(k.source, undefined);
      writtenAt.set(k.target, undefined);
      break;
    case 'scan':
      for (const b of [...k.consts, ...k.xs]) readAt.set(b, undefined);
      carried(k.carry);
      for (const b of k.ys) writtenAt.set(b, undefined);
      break;
    case 'while':
      for (const b of [...k.condConsts, ...k.bodyConsts]) readAt.set(b, undefined);
      carried(k.carry);
      break;
    case 'cond':
      for (const b of [k.index, ...k.inputs]) readAt.set(b, undefined);
      for (const b of k.outs) writtenAt.set(b, undefined);
      break;
    case 'sort':
    case 'attention':
    case 'attentionGradient':
    case 'callback':
      k.sources.forEach((b) => readAt.set(b, undefined));
      k.targets.forEach((b) => writtenAt.set(b, undefined));
      break;
  }
  return { reads: [...readAt.keys()], writes: [...writtenAt.keys()], readAt, writtenAt, readIn, writtenIn };
};
