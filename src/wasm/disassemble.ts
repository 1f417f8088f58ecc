// Reads the opcodes back out of module bytes, so that tests can see what a kernel's loops consist of; only for what our encoder writes.
import { LANE, MEMORY, MEMORY_LANE, SIMPLE, SPECIAL } from './opcodes.ts';

export interface DisassembledFunction {
  /** From the name section, else from an export, else null. */
  readonly name: string | null;
  readonly ops: readonly string[];
  /** The opcodes of the innermost loops (loops that hold no other loop), one list a loop. */
  readonly innerLoops: readonly (readonly string[])[];
}

type Immediates =
  'none' | 'memory' | 'memoryLane' | 'byte' | 'blocktype' | 'leb' | 'f32' | 'f64' | 'bytes16' | 'bytes2';

const SPECIAL_IMMEDIATES: Readonly<Record<string, Immediates>> = {
  block: 'blocktype',
  loop: 'blocktype',
  if: 'blocktype',
  else: 'none',
  end: 'none',
  'memory.size': 'byte',
  'memory.grow': 'byte',
  'memory.copy': 'bytes2',
  'memory.fill': 'byte',
  'atomic.fence': 'byte',
  'f32.const': 'f32',
  'f64.const': 'f64',
  'v128.const': 'bytes16',
  'i8x16.shuffle': 'bytes16',
};
const SIZE: Partial<Record<Immediates, number>> = {
  none: 0,
  byte: 1,
  blocktype: 1,
  f32: 4,
  f64: 8,
  bytes16: 16,
  bytes2: 2,
};

const byCode = (): ReadonlyMap<number, readonly [string, Immediates]> => {
  const map = new Map<number, readonly [string, Immediates]>();
  const add = (table: Readonly<Record<string, number>>, kind: (name: string) => Immediates): void => {
    for (const [name, code] of Object.entries(table)) map.set(code, [name, kind(name)]);
  };
  add(SIMPLE, () => 'none');
  add(MEMORY, () => 'memory');
  add(MEMORY_LANE, () => 'memoryLane');
  add(LANE, () => 'byte');
  add(SPECIAL, (name) => SPECIAL_IMMEDIATES[name] ?? 'leb');
  return map;
};

/**
 * The opcode names of each function that a module defines, in order.
 *
 * @example
 * const m = moduleBuilder({})
 * m.func('six', [], ['i32'], f => f.i32(6))
 * disassemble(m.bytes())[0].ops // ['i32.const', 'end']
 */
export const disassemble = (bytes: Uint8Array): readonly DisassembledFunction[] => {
  const codes = byCode();
  let at = 8;
  const leb = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++]!;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  const text = (): string => {
    const length = leb();
    at += length;
    return new TextDecoder().decode(bytes.subarray(at - length, at));
  };
  const instruction = (): string => {
    const first = bytes[at++]!;
    const code = first < 0xfc ? first : first * 0x1000 + leb();
    const entry = codes.get(code);
    if (entry === undefined) throw new Error(`unknown opcode 0x${code.toString(16)} at byte ${at}`);
    const [name, kind] = entry;
    if (kind === 'leb') leb();
    else if (kind === 'memory' || kind === 'memoryLane') {
      leb();
      leb();
      if (kind === 'memoryLane') at++;
    } else at += SIZE[kind]!;
    return name;
  };

  let importCount = 0;
  const exported = new Map<number, string>();
  const named = new Map<number, string>();
  const bodies: (readonly string[])[] = [];
  while (at < bytes.length) {
    const id = bytes[at++]!;
    const end = leb() + at;
    if (id === 2) {
      for (let n = leb(); n > 0; n--) {
        text();
        text();
        if (bytes[at++] === 0) {
          importCount++;
          leb();
        } else {
          const flags = bytes[at++]!;
          leb();
          if ((flags & 1) === 1) leb();
        }
      }
    } else if (id === 7) {
      for (let n = leb(); n > 0; n--) {
        const name = text();
        const kind = bytes[at++];
        const index = leb();
        if (kind === 0) exported.set(index, name);
      }
    } else if (id === 10) {
      for (let n = leb(); n > 0; n--) {
        const bodyEnd = leb() + at;
        for (let runs = leb(); runs > 0; runs--) {
          leb();
          at++;
        }
        const ops: string[] = [];
        while (at < bodyEnd) ops.push(instruction());
        bodies.push(ops);
      }
    } else if (id === 0 && text() === 'name' && bytes[at++] === 1) {
      leb();
      for (let n = leb(); n > 0; n--) named.set(leb(), text());
    }
    at = end;
  }
  return bodies.map((ops, i) => ({
    name: named.get(importCount + i) ?? exported.get(importCount + i) ?? null,
    ops,
    innerLoops: innerLoops(ops),
  }));
};

const innerLoops = (ops: readonly string[]): readonly (readonly string[])[] => {
  const found: (readonly string[])[] = [];
  const open: { readonly start: number; readonly isLoop: boolean; inner: boolean }[] = [];
  ops.forEach((op, i) => {
    if (op === 'block' || op === 'if' || op === 'loop') {
      if (op === 'loop') for (const outer of open) outer.inner = false;
      open.push({ start: i, isLoop: op === 'loop', inner: true });
    } else if (op === 'end') {
      const scope = open.pop();
      if (scope !== undefined && scope.isLoop && scope.inner) found.push(ops.slice(scope.start + 1, i));
    }
  });
  return found;
};
