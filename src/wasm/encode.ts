// Builds a WebAssembly module in memory: imports, functions, exports and data, straight to bytes, with no text form in between.
//
//   const m = moduleBuilder({ memory: { import: ['env', 'memory'] } })
//   const axpy = m.func('axpy', ['i32', 'i32', 'i32'], [], f => {          // params are locals 0, 1, 2: x, y, bytes
//     const i = f.local('i32')
//     f.for(i, 0, () => f.get(2), 16, () => {
//       f.get(1).get(i).op('i32.add')                                      // address of the store
//       f.get(0).get(i).op('i32.add').mem('v128.load').f32x4(2).op('f32x4.mul')
//       f.get(1).get(i).op('i32.add').mem('v128.load').op('f32x4.add').mem('v128.store')
//     })
//   })
//   m.export('axpy', axpy)
//   new WebAssembly.Instance(new WebAssembly.Module(m.bytes()), { env: { memory } })
//
// `f` writes instructions in stack order and every method returns `f`. `f.op(name)` has no immediates, `f.mem(name, offset)` is every load
// and store, `f.memLane`, `f.lane`, `f.shuffle` and the constants (`f.i32`, `f.f32x4`, ...) carry theirs; names are those of the
// specification and are checked by type. Control is by closures: `f.block(label => ...)`, `f.loop(label => ...)`, `f.if(then, otherwise)`,
// with `f.br(label)` and `f.brIf(label)`. `m.declare` makes a handle that can be called before `m.define` gives it a body. Imports come first.
import { VALUE_TYPE, emitter } from './emitter.ts';
import type { Emitter, FuncHandle, GlobalHandle, ValueType } from './emitter.ts';
import { writer } from './writer.ts';
import type { Writer } from './writer.ts';

// `disassemble(bytes)` (disassemble.ts) reads the opcodes back, for tests.
export type { Emitter, FuncHandle, GlobalHandle, Label, Operand, ValueType } from './emitter.ts';

export interface MemorySpec {
  /** Module and field name; without it the module owns its memory. */
  readonly import?: readonly [string, string];
  readonly shared?: boolean;
  /** In pages of 64 KiB. */
  readonly minPages?: number;
  /** Required by the format for shared memory, where it defaults to 65536 (4 GiB). */
  readonly maxPages?: number;
}

export interface ModuleBuilder {
  readonly importFunc: (
    module: string,
    field: string,
    params: readonly ValueType[],
    results: readonly ValueType[],
  ) => FuncHandle;
  /** Defines a function; `name` is for stack traces, profiles and the disassembler, and does not export. */
  readonly func: (
    name: string | null,
    params: readonly ValueType[],
    results: readonly ValueType[],
    body: (f: Emitter) => void,
  ) => FuncHandle;
  readonly declare: (name: string | null, params: readonly ValueType[], results: readonly ValueType[]) => FuncHandle;
  readonly define: (func: FuncHandle, body: (f: Emitter) => void) => void;
  /** A mutable i32 global. */
  readonly global: (initial: number) => GlobalHandle;
  readonly data: (offset: number, bytes: Uint8Array) => void;
  readonly export: (name: string, what: FuncHandle | 'memory') => void;
  readonly bytes: () => Uint8Array<ArrayBuffer>;
}

const SECTION = {
  custom: 0,
  type: 1,
  import: 2,
  function: 3,
  memory: 5,
  global: 6,
  export: 7,
  code: 10,
  data: 11,
} as const;
const END = 0x0b;
const I32_CONST = 0x41;

/**
 * An empty module.
 *
 * @example
 * const m = moduleBuilder({})
 * m.export('six', m.func('six', [], ['i32'], f => f.i32(6)))
 * new WebAssembly.Instance(new WebAssembly.Module(m.bytes())).exports.six() // 6
 */
export const moduleBuilder = (options: { readonly memory?: MemorySpec } = {}): ModuleBuilder => {
  const { memory } = options;
  const types = new Map<string, { index: number; params: readonly ValueType[]; results: readonly ValueType[] }>();
  const imports: { module: string; field: string; type: number }[] = [];
  const functions: { name: string | null; type: number; body: Uint8Array | null }[] = [];
  const globals: number[] = [];
  const exports: { name: string; kind: number; index: number }[] = [];
  const segments: { offset: number; bytes: Uint8Array }[] = [];

  const typeIndex = (params: readonly ValueType[], results: readonly ValueType[]): number => {
    const key = `${params.join()}>${results.join()}`;
    let type = types.get(key);
    if (type === undefined) types.set(key, (type = { index: types.size, params, results }));
    return type.index;
  };

  const importFunc: ModuleBuilder['importFunc'] = (module, field, params, results) => {
    if (functions.length > 0)
      throw new Error(`import ${module}.${field} before declaring functions: their indices follow the imports`);
    imports.push({ module, field, type: typeIndex(params, results) });
    return { index: imports.length - 1, name: field, params, results };
  };
  const declare: ModuleBuilder['declare'] = (name, params, results) => {
    functions.push({ name, type: typeIndex(params, results), body: null });
    return { index: imports.length + functions.length - 1, name, params, results };
  };
  const define: ModuleBuilder['define'] = (func, body) => {
    const entry = functions[func.index - imports.length];
    if (entry === undefined || entry.body !== null)
      throw new Error(`function ${func.name ?? func.index} is imported or already defined`);
    const locals: ValueType[] = [];
    const f = emitter(func.params.length, locals);
    body(f);
    const head = writer();
    const runs = runLengths(locals);
    head.unsigned(runs.length);
    for (const [type, count] of runs) {
      head.unsigned(count);
      head.byte(VALUE_TYPE[type]);
    }
    f.writer.byte(END);
    head.append(f.writer.finish());
    entry.body = head.finish();
  };

  const limits = (out: Writer, spec: MemorySpec): void => {
    const max = spec.maxPages ?? (spec.shared === true ? 65536 : undefined);
    out.byte(max === undefined ? 0 : spec.shared === true ? 3 : 1);
    out.unsigned(spec.minPages ?? 0);
    if (max !== undefined) out.unsigned(max);
  };

  const bytes = (): Uint8Array<ArrayBuffer> => {
    const out = writer();
    const section = (id: number, count: number, body: (s: Writer) => void): void => {
      if (count === 0) return;
      const s = writer();
      s.unsigned(count);
      body(s);
      out.byte(id);
      out.unsigned(s.length());
      out.append(s.finish());
    };
    out.append([0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]);
    section(SECTION.type, types.size, (s) => {
      for (const { params, results } of types.values()) {
        s.byte(0x60);
        for (const list of [params, results]) {
          s.unsigned(list.length);
          for (const type of list) s.byte(VALUE_TYPE[type]);
        }
      }
    });
    section(SECTION.import, imports.length + (memory?.import === undefined ? 0 : 1), (s) => {
      for (const { module, field, type } of imports) {
        s.text(module);
        s.text(field);
        s.byte(0);
        s.unsigned(type);
      }
      if (memory?.import === undefined) return;
      s.text(memory.import[0]);
      s.text(memory.import[1]);
      s.byte(2);
      limits(s, memory);
    });
    section(SECTION.function, functions.length, (s) => functions.forEach((entry) => s.unsigned(entry.type)));
    section(SECTION.memory, memory === undefined || memory.import !== undefined ? 0 : 1, (s) => limits(s, memory!));
    section(SECTION.global, globals.length, (s) => {
      for (const initial of globals) {
        s.append([VALUE_TYPE.i32, 1, I32_CONST]);
        s.signed(initial);
        s.byte(END);
      }
    });
    section(SECTION.export, exports.length, (s) => {
      for (const { name, kind, index } of exports) {
        s.text(name);
        s.byte(kind);
        s.unsigned(index);
      }
    });
    section(SECTION.code, functions.length, (s) => {
      for (const { name, body } of functions) {
        if (body === null) throw new Error(`function ${name ?? 'without a name'} was declared but never defined`);
        s.unsigned(body.length);
        s.append(body);
      }
    });
    section(SECTION.data, segments.length, (s) => {
      for (const { offset, bytes: contents } of segments) {
        s.append([0, I32_CONST]);
        s.signed(offset);
        s.byte(END);
        s.unsigned(contents.length);
        s.append(contents);
      }
    });
    nameSection(out);
    return out.finish() as Uint8Array<ArrayBuffer>;
  };

  const nameSection = (out: Writer): void => {
    const named = functions.flatMap(({ name }, i) => (name === null ? [] : [{ name, index: imports.length + i }]));
    if (named.length === 0) return;
    const map = writer();
    map.unsigned(named.length);
    for (const { name, index } of named) {
      map.unsigned(index);
      map.text(name);
    }
    const s = writer();
    s.text('name');
    s.byte(1);
    s.unsigned(map.length());
    s.append(map.finish());
    out.byte(SECTION.custom);
    out.unsigned(s.length());
    out.append(s.finish());
  };

  return {
    importFunc,
    declare,
    define,
    func: (name, params, results, body) => {
      const handle = declare(name, params, results);
      define(handle, body);
      return handle;
    },
    global: (initial) => ({ index: globals.push(initial) - 1 }),
    data: (offset, contents) => void segments.push({ offset, bytes: contents }),
    export: (name, what) =>
      void exports.push(what === 'memory' ? { name, kind: 2, index: 0 } : { name, kind: 0, index: what.index }),
    bytes,
  };
};

const runLengths = (types: readonly ValueType[]): readonly (readonly [ValueType, number])[] => {
  const runs: [ValueType, number][] = [];
  for (const type of types) {
    const last = runs[runs.length - 1];
    if (last !== undefined && last[0] === type) last[1]++;
    else runs.push([type, 1]);
  }
  return runs;
};
