// The generator's own code graph: pure instructions as shared nodes, each knowing the deepest loop it depends on, so that hoisting and sharing are automatic.
import { SIMPLE, type SimpleOp } from '../opcodes.ts';
import type { FuncHandle, ValueType } from '../encode.ts';

export interface Node {
  readonly id: number;
  readonly type: ValueType;
  /** An instruction of the opcode tables, or one of: const, local, shuffle, choose (if/else with a value), call. */
  readonly op: string;
  readonly args: readonly Node[];
  /** Memory offset, lane, local or scalar constant. */
  readonly imm: number;
  readonly lane: number;
  readonly bytes: readonly number[] | null;
  readonly func: FuncHandle | null;
  /** Depth of the innermost loop that changes it: 0 outside of all. */
  readonly level: number;
  /** Reads a local that is assigned again: never shared between statements, never moved. */
  readonly volatile: boolean;
}

export interface Graph {
  readonly i32: (value: number) => Node;
  readonly i32x4: (...lanes: readonly number[]) => Node;
  readonly f32x4: (value: number) => Node;
  readonly f64x2: (value: number) => Node;
  readonly op: (name: SimpleOp, ...args: readonly Node[]) => Node;
  readonly load: (name: string, address: Node, offset?: number, level?: number) => Node;
  readonly loadLane: (name: string, address: Node, into: Node, lane: number, offset?: number) => Node;
  readonly lane: (name: string, lane: number, ...args: readonly Node[]) => Node;
  /** By words (4 indices) or doubles (2 indices). */
  readonly shuffle: (a: Node, b: Node, ...indices: readonly number[]) => Node;
  /** Lanes of `then` where a mask of whole lanes is set, else of `otherwise`. */
  readonly blend: (then: Node, otherwise: Node, mask: Node) => Node;
  readonly choose: (condition: Node, then: Node, otherwise: Node) => Node;
  readonly call: (func: FuncHandle, ...args: readonly Node[]) => Node;
  /** A local that keeps its value within the given loop level. */
  readonly stable: (type: ValueType, local: number, level: number) => Node;
  /** A local that is assigned while the code that reads it runs. */
  readonly mutable: (type: ValueType, local: number) => Node;
  readonly add: (...terms: readonly Node[]) => Node;
  readonly times: (a: Node, by: number) => Node;
  /** 0 or 1 -> lanes of all zeros or all ones. */
  readonly mask: (condition: Node) => Node;
}

const resultType = (op: string): ValueType => {
  if (/_true$|bitmask$|eqz$/.test(op)) return 'i32';
  const type = op.slice(0, op.indexOf('.'));
  if (type === 'v128' || type.includes('x')) return 'v128';
  if (/\.(eq|ne|lt|gt|le|ge)(_[su])?$/.test(op)) return 'i32';
  return type as ValueType;
};

const isConst = (n: Node): boolean => n.op === 'const' && n.type === 'i32';
const bytesOf = (a: ArrayBufferView): readonly number[] => [...new Uint8Array(a.buffer, a.byteOffset, a.byteLength)];

const typeOf = new Map<string, ValueType>();
const typed = (op: string): ValueType => {
  let type = typeOf.get(op);
  if (type === undefined) typeOf.set(op, (type = resultType(op)));
  return type;
};

interface Rest {
  readonly imm?: number;
  readonly lane?: number;
  readonly bytes?: readonly number[];
  readonly func?: FuncHandle;
  readonly level?: number;
  readonly volatile?: boolean;
}
const NONE: Rest = {};

/** An empty graph; `relaxed` where the engine has relaxed SIMD. */
export const graph = (relaxed: boolean): Graph => {
  // By operation, then by operands and immediates.
  const known = new Map<string, Map<string, Node>>();
  const constants = new Map<string, Node>();
  let next = 0;

  const node = (type: ValueType, op: string, args: readonly Node[], rest: Rest = NONE): Node => {
    let same = known.get(op);
    if (same === undefined) known.set(op, (same = new Map()));
    let key = '';
    for (const a of args) key += `${a.id},`;
    if (rest !== NONE) {
      key += `|${Object.is(rest.imm, -0) ? '-0' : rest.imm}|${rest.lane}|${rest.level}|${type}`;
      if (rest.bytes !== undefined) key += `#${rest.bytes.join()}`;
      if (rest.func !== undefined) key += `@${rest.func.index}`;
    }
    let found = same.get(key);
    if (found === undefined) {
      let level = rest.level ?? 0;
      let unstable = rest.volatile === true;
      for (const a of args) {
        if (a.level > level) level = a.level;
        unstable ||= a.volatile;
      }
      const { imm = 0, lane = 0, bytes = null, func = null } = rest;
      same.set(key, (found = { id: next++, type, op, args, imm, lane, bytes, func, level, volatile: unstable }));
    }
    return found;
  };
  const constant = (key: string, bytes: () => ArrayBufferView): Node => {
    let found = constants.get(key);
    if (found === undefined) constants.set(key, (found = node('v128', 'const', [], { bytes: bytesOf(bytes()) })));
    return found;
  };

  const i32 = (value: number): Node => node('i32', 'const', [], { imm: value | 0 });
  const spread = (lanes: readonly number[]): readonly number[] =>
    lanes.length === 1 ? [lanes[0]!, lanes[0]!, lanes[0]!, lanes[0]!] : lanes;

  const add2 = (a: Node, b: Node): Node => {
    if (isConst(a) && isConst(b)) return i32(a.imm + b.imm);
    if (isConst(a)) return add2(b, a);
    if (isConst(b) && b.imm === 0) return a;
    return node('i32', 'i32.add', [a, b]);
  };

  const g: Graph = {
    i32,
    i32x4: (...lanes) => constant(`i${spread(lanes).join()}`, () => Int32Array.from(spread(lanes))),
    f32x4: (value) =>
      constant(`f${Object.is(value, -0) ? '-0' : value}`, () => Float32Array.from([value, value, value, value])),
    f64x2: (value) => constant(`d${Object.is(value, -0) ? '-0' : value}`, () => Float64Array.from([value, value])),
    op: (name, ...args) => {
      const [a, b] = args;
      if (name === 'i32x4.splat' && isConst(a!)) return g.i32x4(a!.imm);
      if (name === 'i32.add') return add2(a!, b!);
      if (name === 'i32.sub' && isConst(b!)) return add2(a!, i32(-b!.imm));
      if (name === 'i32.and' && isConst(a!) && a!.imm === 1) return b!;
      if (name === 'v128.not' && a!.op === 'v128.not') return a!.args[0]!;
      if (SIMPLE[name] === undefined) throw new Error(`unknown instruction ${name}`);
      return node(name === 'select' ? a!.type : typed(name), name, args);
    },
    load: (name, address, offset = 0, level = 0) => {
      return node(typed(name), name, [address], { imm: offset, level });
    },
    loadLane: (name, address, into, lane, offset = 0) => node('v128', name, [address, into], { imm: offset, lane }),
    lane: (name, lane, ...args) => node(name.includes('extract') ? laneType(name) : 'v128', name, args, { lane }),
    shuffle: (a, b, ...indices) => {
      // Widening what was narrowed gives it back.
      if (a === b && a.op === 'shuffle' && a.args[0] === a.args[1]) {
        const width = 16 / indices.length;
        const inner = a.bytes!;
        const composed = indices.flatMap((i) =>
          Array.from({ length: width }, (_, k) => inner[(i * width + k) % 16]! % 16),
        );
        const source = a.args[0]!;
        if (isDoubled(source.op) && composed.every((x, i) => x >> 3 === i >> 3 && (x & 3) === (i & 3))) return source;
        return node('v128', 'shuffle', [source, source], { bytes: composed });
      }
      const width = 16 / indices.length;
      return node('v128', 'shuffle', [a, b], {
        bytes: indices.flatMap((i) => Array.from({ length: width }, (_, k) => i * width + k)),
      });
    },
    // With whole lanes the relaxed instruction has one meaning, and is one instruction on x64.
    blend: (then, otherwise, mask) =>
      node('v128', relaxed ? 'i32x4.relaxed_laneselect' : 'v128.bitselect', [then, otherwise, mask]),
    choose: (condition, then, otherwise) =>
      then === otherwise ? then : node(then.type, 'choose', [condition, then, otherwise]),
    call: (func, ...args) => node(func.results[0]!, 'call', args, { func }),
    stable: (type, local, level) => node(type, 'local', [], { imm: local, level }),
    mutable: (type, local) => node(type, 'local', [], { imm: local, level: Infinity, volatile: true }),
    add: (...terms) => {
      // Partial sums in the order of loop levels, so that each is hoisted as far as it can be.
      const sorted = [...terms].sort((a, b) => a.level - b.level || a.id - b.id);
      return sorted.length === 0 ? i32(0) : sorted.reduce(add2);
    },
    times: (a, by) => {
      if (isConst(a)) return i32(Math.imul(a.imm, by));
      if (by === 1) return a;
      if (by === 0) return i32(0);
      const power = Math.log2(by);
      return Number.isInteger(power) ? node('i32', 'i32.shl', [a, i32(power)]) : node('i32', 'i32.mul', [a, i32(by)]);
    },
    mask: (condition) => g.op('i32x4.splat', node('i32', 'i32.sub', [i32(0), condition])),
  };
  return g;
};

const laneType = (name: string): ValueType =>
  name.startsWith('f32') ? 'f32' : name.startsWith('f64') ? 'f64' : name.startsWith('i64') ? 'i64' : 'i32';

// Comparisons of doubles fill both words of a lane alike, so that narrowing and widening them again is the identity.
const isDoubled = (op: string): boolean => /^(f64x2|i64x2)\.(eq|ne|lt|gt|le|ge)/.test(op);
