// Statements over the code graph (loops, assignments, stores) and their emission: invariant nodes are computed before the loop, shared nodes once.
import type { Emitter, ValueType } from '../encode.ts';
import type { MemoryLaneOp, MemoryOp, SimpleOp, LaneOp } from '../opcodes.ts';
import { SIMPLE } from '../opcodes.ts';
import type { Node } from './node.ts';

/** memory[address + offset] = value (its `lane`, for lane stores). */
export interface StoreItem {
  readonly op: string;
  readonly address: Node;
  readonly offset: number;
  readonly value: Node;
  readonly lane: number;
}

export type Statement =
  /** for (local = from; local < to; local += step): the body is one level deeper. */
  | {
      readonly kind: 'loop';
      readonly local: number;
      readonly from: Node;
      readonly to: Node;
      readonly step: number;
      readonly body: readonly Statement[];
    }
  | { readonly kind: 'set'; readonly local: number; readonly value: Node }
  /** All values are computed before the first is stored: an output may lie over an input. */
  | { readonly kind: 'stores'; readonly items: readonly StoreItem[] }
  | { readonly kind: 'if'; readonly condition: Node; readonly body: readonly Statement[] }
  /** A call without result. */
  | { readonly kind: 'run'; readonly call: Node };

/** Statement constructors. */
export const set = (local: number, value: Node): Statement => ({ kind: 'set', local, value });

const nodesOf = (s: Statement): readonly Node[] => {
  switch (s.kind) {
    case 'loop':
      return [s.from, s.to];
    case 'set':
      return [s.value];
    case 'stores':
      return s.items.flatMap((i) => [i.address, i.value]);
    case 'if':
      return [s.condition];
    case 'run':
      return s.call.args;
  }
};

const bodyOf = (s: Statement): readonly Statement[] => (s.kind === 'loop' || s.kind === 'if' ? s.body : []);

const isTrivial = (n: Node): boolean => n.op === 'local' || (n.op === 'const' && n.type !== 'v128');

/** Emits statements into a function body. `f` is the emitter of the function that the nodes' locals belong to. */
export const emitStatements = (f: Emitter, statements: readonly Statement[]): void => {
  const free: Partial<Record<ValueType, number[]>> = {};
  interface Scope {
    readonly values: Map<Node, number>;
    readonly owned: [ValueType, number][];
  }
  const scopes: Scope[] = [];
  const uses: Map<Node, number>[] = [];

  const allocate = (type: ValueType): number => {
    const local = free[type]?.pop() ?? f.local(type);
    scopes[scopes.length - 1]!.owned.push([type, local]);
    return local;
  };
  const find = (n: Node): number | undefined => {
    for (let i = scopes.length - 1; i >= 0; i--) {
      const local = scopes[i]!.values.get(n);
      if (local !== undefined) return local;
    }
    return undefined;
  };
  const within = (body: () => void): void => {
    scopes.push({ values: new Map(), owned: [] });
    body();
    for (const [type, local] of scopes.pop()!.owned) (free[type] ??= []).push(local);
  };

  const instruction = (n: Node): void => {
    if (n.op === 'choose') {
      emit(n.args[0]!);
      f.if(
        () => within(() => emit(n.args[1]!)),
        () => within(() => emit(n.args[2]!)),
        n.type,
      );
      return;
    }
    for (const a of n.args) emit(a);
    if (n.op === 'const') {
      if (n.type === 'i32') f.i32(n.imm);
      else f.v128(n.bytes!);
    } else if (n.op === 'local') f.get(n.imm);
    else if (n.op === 'shuffle') f.shuffle(...n.bytes!);
    else if (n.op === 'call') f.call(n.func!);
    else if (n.op in SIMPLE) f.op(n.op as SimpleOp);
    else if (n.op.includes('lane') && n.op.startsWith('v128.')) f.memLane(n.op as MemoryLaneOp, n.lane, n.imm, 0);
    else if (n.op.includes('lane')) f.lane(n.op as LaneOp, n.lane);
    else f.mem(n.op as MemoryOp, n.imm, 0);
  };

  const emit = (n: Node): void => {
    if (isTrivial(n)) return instruction(n);
    const local = find(n);
    if (local !== undefined) {
      f.get(local);
      return;
    }
    instruction(n);
    if (n.volatile || (uses[uses.length - 1]!.get(n) ?? 0) < 2) return;
    keep(n, 'tee');
  };
  const keep = (n: Node, how: 'set' | 'tee'): void => {
    const local = allocate(n.type);
    f[how](local);
    scopes[scopes.length - 1]!.values.set(n, local);
  };

  // Before a loop: everything inside of it that does not change with it.
  const hoist = (s: Statement, level: number): void => {
    const seen = new Set<Node>();
    const found: Node[] = [];
    const walk = (n: Node): void => {
      if (seen.has(n) || isTrivial(n)) return;
      seen.add(n);
      if (n.level > level || n.volatile) for (const a of n.args) walk(a);
      else if (find(n) === undefined) found.push(n);
    };
    const enter = (t: Statement): void => {
      for (const n of nodesOf(t)) walk(n);
      for (const inner of bodyOf(t)) enter(inner);
    };
    for (const inner of bodyOf(s)) enter(inner);
    const counts = new Map<Node, number>();
    for (const n of found) countUses(n, counts);
    uses.push(counts);
    for (const n of found) {
      if (find(n) !== undefined) continue;
      instruction(n);
      keep(n, 'set');
    }
    uses.pop();
  };

  const countUses = (n: Node, counts: Map<Node, number>): void => {
    const c = counts.get(n);
    if (c !== undefined) {
      counts.set(n, c + 1);
      return;
    }
    if (isTrivial(n) || find(n) !== undefined) return;
    counts.set(n, 1);
    for (const a of n.args) countUses(a, counts);
  };

  const body = (list: readonly Statement[], level: number): void =>
    within(() => {
      const counts = new Map<Node, number>();
      for (const s of list) {
        for (const n of nodesOf(s)) countUses(n, counts);
      }
      uses.push(counts);
      for (const s of list) statement(s, level);
      uses.pop();
    });

  const statement = (s: Statement, level: number): void => {
    switch (s.kind) {
      case 'set':
        emit(s.value);
        f.set(s.local);
        return;
      case 'run':
        for (const a of s.call.args) emit(a);
        f.call(s.call.func!);
        return;
      case 'if':
        emit(s.condition);
        f.if(() => body(s.body, level));
        return;
      case 'stores': {
        if (s.items.length > 1) {
          for (const { value } of s.items) {
            if (isTrivial(value) || value.volatile || find(value) !== undefined) continue;
            instruction(value);
            keep(value, 'set');
          }
        }
        for (const i of s.items) {
          emit(i.address);
          emit(i.value);
          if (i.op.includes('lane')) f.memLane(i.op as MemoryLaneOp, i.lane, i.offset, 0);
          else f.mem(i.op as MemoryOp, i.offset, 0);
        }
        return;
      }
      case 'loop': {
        hoist(s, level);
        const bound = (n: Node): number | (() => void) => (n.op === 'const' ? n.imm : () => emit(n));
        let to = bound(s.to);
        if (typeof to !== 'number' && s.to.op !== 'local') {
          emit(s.to);
          const local = allocate('i32');
          f.set(local);
          to = () => f.get(local);
        }
        f.for(s.local, bound(s.from), to, s.step, () => body(s.body, level + 1));
        return;
      }
    }
  };
  body(statements, 0);
};
