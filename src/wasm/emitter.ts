// Writes the body of one WebAssembly function: typed locals, structured control with labels, and every instruction of the opcode tables.
import { LANE, MEMORY, MEMORY_LANE, SIMPLE, SPECIAL, naturalAlign } from './opcodes.ts';
import type { LaneOp, MemoryLaneOp, MemoryOp, SimpleOp } from './opcodes.ts';
import { writer } from './writer.ts';
import type { Writer } from './writer.ts';

export type ValueType = 'i32' | 'i64' | 'f32' | 'f64' | 'v128';

export const VALUE_TYPE: Readonly<Record<ValueType, number>> = {
  i32: 0x7f,
  i64: 0x7e,
  f32: 0x7d,
  f64: 0x7c,
  v128: 0x7b,
};

/** A function of the module being built; it can be called before it is defined. */
export interface FuncHandle {
  readonly index: number;
  readonly name: string | null;
  readonly params: readonly ValueType[];
  readonly results: readonly ValueType[];
}

export interface GlobalHandle {
  readonly index: number;
}

/** A branch target: `br` to a block leaves it, `br` to a loop starts its next round. */
export interface Label {
  readonly depth: number;
}

/** An i32 operand: a constant, or code that pushes it (`() => f.get(x)`). */
export type Operand = number | (() => unknown);

/** The instructions of one body, in stack order; every method returns the emitter, so that calls chain. */
export interface Emitter {
  /** Declares a local (zero at entry) and returns its index; parameters are the locals 0, 1, ... */
  readonly local: (type: ValueType) => number;
  readonly get: (local: number) => Emitter;
  readonly set: (local: number) => Emitter;
  readonly tee: (local: number) => Emitter;
  readonly globalGet: (global: GlobalHandle) => Emitter;
  readonly globalSet: (global: GlobalHandle) => Emitter;

  readonly i32: (value: number) => Emitter;
  readonly i64: (value: bigint) => Emitter;
  readonly f32: (value: number) => Emitter;
  readonly f64: (value: number) => Emitter;
  /** v128 constants: by 16 bytes, or by lanes (one value fills all lanes). */
  readonly v128: (bytes: ArrayLike<number>) => Emitter;
  readonly i32x4: (...lanes: readonly number[]) => Emitter;
  readonly f32x4: (...lanes: readonly number[]) => Emitter;
  readonly f64x2: (...lanes: readonly number[]) => Emitter;

  /** An instruction without immediates. */
  readonly op: (name: SimpleOp) => Emitter;
  /** A load or store at byte `offset`; `align` is log2 and defaults to the natural alignment (only a hint, save for atomics). */
  readonly mem: (name: MemoryOp, offset?: number, align?: number) => Emitter;
  readonly memLane: (name: MemoryLaneOp, lane: number, offset?: number, align?: number) => Emitter;
  readonly lane: (name: LaneOp, lane: number) => Emitter;
  /** `i8x16.shuffle` by 16 byte indices (0-31), by 4 word indices (0-7) or by 2 double indices (0-3). */
  readonly shuffle: (...indices: readonly number[]) => Emitter;
  /** [dst, src, bytes] -> []. */
  readonly memoryCopy: () => Emitter;
  /** [dst, byte, bytes] -> []. */
  readonly memoryFill: () => Emitter;
  readonly memorySize: () => Emitter;
  readonly memoryGrow: () => Emitter;
  readonly fence: () => Emitter;

  readonly block: (body: (label: Label) => void, result?: ValueType) => Emitter;
  readonly loop: (body: (label: Label) => void, result?: ValueType) => Emitter;
  /** Pops an i32 condition. */
  readonly if: (
    then: (label: Label) => void,
    otherwise?: ((label: Label) => void) | null,
    result?: ValueType,
  ) => Emitter;
  readonly br: (label: Label) => Emitter;
  readonly brIf: (label: Label) => Emitter;
  readonly call: (func: FuncHandle) => Emitter;
  readonly return: () => Emitter;

  /** Pushes an i32 operand. */
  readonly push: (operand: Operand) => Emitter;
  /** `local = operand`, `local += operand`. */
  readonly assign: (local: number, operand: Operand) => Emitter;
  readonly increment: (local: number, operand: Operand) => Emitter;
  /**
   * `for (i = from; i < to; i += step) body()`, tested at the bottom, comparing as signed i32; `to` is evaluated every round, so pass a
   * constant or a local. With constant bounds the entry test is decided here (and no code is emitted for an empty range).
   */
  readonly for: (i: number, from: Operand, to: Operand, step: number, body: () => void) => Emitter;
  readonly writer: Writer;
}

const alignments = new Map<string, number>();
const alignOf = (name: string): number => {
  let align = alignments.get(name);
  if (align === undefined) alignments.set(name, (align = naturalAlign(name)));
  return align;
};

const EMPTY = 0x40;
const constant = new Uint8Array(16);
const constantOf = {
  i32: new Int32Array(constant.buffer),
  f32: new Float32Array(constant.buffer),
  f64: new Float64Array(constant.buffer),
};
const fill = (cells: Int32Array | Float32Array | Float64Array, lanes: readonly number[]): Uint8Array => {
  if (lanes.length === 1) cells.fill(lanes[0]!);
  else if (lanes.length === cells.length) cells.set(lanes);
  else
    throw new Error(`a v128 constant of ${cells.length} lanes takes 1 or ${cells.length} values, got ${lanes.length}`);
  return constant;
};

/** The emitter of a function with `paramCount` parameters; `locals` receives the types that the body declares. */
export const emitter = (paramCount: number, locals: ValueType[]): Emitter => {
  const out = writer();
  const { byte, unsigned, signed } = out;
  let depth = 0;

  const code = (opcode: number | undefined): void => {
    if (opcode === undefined) throw new Error('wasm: an instruction that is not in the tables');
    if (opcode < 0x100) return byte(opcode);
    byte(opcode >> 12);
    unsigned(opcode & 0xfff);
  };
  const indexed = (opcode: number, index: number): Emitter => {
    byte(opcode);
    unsigned(index);
    return f;
  };
  const memory = (opcode: number, align: number, offset: number): void => {
    if (!(offset >= 0 && offset <= 0xffffffff))
      throw new RangeError(`memory offset ${offset} is not an unsigned 32-bit number`);
    code(opcode);
    unsigned(align);
    unsigned(offset);
  };
  const structure = (opcode: number, body: (label: Label) => void, result: ValueType | undefined): Label => {
    byte(opcode);
    byte(result === undefined ? EMPTY : VALUE_TYPE[result]);
    const label: Label = { depth: ++depth };
    body(label);
    return label;
  };
  const close = (): Emitter => {
    depth--;
    byte(SPECIAL.end);
    return f;
  };
  const branch = (opcode: number, label: Label): Emitter => {
    if (label.depth > depth) throw new Error('branch to a label whose block has already ended');
    return indexed(opcode, depth - label.depth);
  };

  const f: Emitter = {
    writer: out,
    local: (type) => paramCount + locals.push(type) - 1,
    get: (local) => indexed(SPECIAL['local.get'], local),
    set: (local) => indexed(SPECIAL['local.set'], local),
    tee: (local) => indexed(SPECIAL['local.tee'], local),
    globalGet: (global) => indexed(SPECIAL['global.get'], global.index),
    globalSet: (global) => indexed(SPECIAL['global.set'], global.index),

    i32: (value) => (byte(SPECIAL['i32.const']), signed(value), f),
    i64: (value) => (byte(SPECIAL['i64.const']), out.signed64(value), f),
    f32: (value) => (byte(SPECIAL['f32.const']), out.f32(value), f),
    f64: (value) => (byte(SPECIAL['f64.const']), out.f64(value), f),
    v128: (bytes) => {
      if (bytes.length !== 16) throw new Error(`a v128 constant takes 16 bytes, got ${bytes.length}`);
      return (code(SPECIAL['v128.const']), out.append(bytes), f);
    },
    i32x4: (...lanes) => f.v128(fill(constantOf.i32, lanes)),
    f32x4: (...lanes) => f.v128(fill(constantOf.f32, lanes)),
    f64x2: (...lanes) => f.v128(fill(constantOf.f64, lanes)),

    op: (name) => (code(SIMPLE[name]), f),
    mem: (name, offset = 0, align = alignOf(name)) => (memory(MEMORY[name], align, offset), f),
    memLane: (name, lane, offset = 0, align = alignOf(name)) => (
      memory(MEMORY_LANE[name], align, offset),
      byte(lane),
      f
    ),
    lane: (name, lane) => (code(LANE[name]), byte(lane), f),
    shuffle: (...indices) => {
      const width = 16 / indices.length;
      if (width !== 1 && width !== 4 && width !== 8)
        throw new Error(`shuffle takes 16, 4 or 2 indices, got ${indices.length}`);
      code(SPECIAL['i8x16.shuffle']);
      for (const index of indices) for (let b = 0; b < width; b++) byte(index * width + b);
      return f;
    },
    memoryCopy: () => (code(SPECIAL['memory.copy']), byte(0), byte(0), f),
    memoryFill: () => (code(SPECIAL['memory.fill']), byte(0), f),
    memorySize: () => (byte(SPECIAL['memory.size']), byte(0), f),
    memoryGrow: () => (byte(SPECIAL['memory.grow']), byte(0), f),
    fence: () => (code(SPECIAL['atomic.fence']), byte(0), f),

    block: (body, result) => (structure(SPECIAL.block, body, result), close()),
    loop: (body, result) => (structure(SPECIAL.loop, body, result), close()),
    if: (then, otherwise, result) => {
      const label = structure(SPECIAL.if, then, result);
      if (otherwise) {
        byte(SPECIAL.else);
        otherwise(label);
      }
      return close();
    },
    br: (label) => branch(SPECIAL.br, label),
    brIf: (label) => branch(SPECIAL.br_if, label),
    call: (func) => indexed(SPECIAL.call, func.index),
    return: () => f.op('return'),

    push: (operand) => {
      if (typeof operand === 'number') return f.i32(operand);
      operand();
      return f;
    },
    assign: (local, operand) => f.push(operand).set(local),
    increment: (local, operand) => (operand === 0 ? f : f.get(local).push(operand).op('i32.add').set(local)),
    for: (i, from, to, step, body) => {
      const known = typeof from === 'number' && typeof to === 'number';
      if (known && from >= to) return f;
      f.assign(i, from);
      if (known && from + step >= to) return (body(), f);
      const rounds = (): Emitter =>
        f.loop((next) => {
          body();
          f.get(i).i32(step).op('i32.add').tee(i).push(to).op('i32.lt_s').brIf(next);
        });
      return known ? rounds() : f.get(i).push(to).op('i32.lt_s').if(rounds);
    },
  };
  return f;
};
