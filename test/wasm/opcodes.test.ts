// The opcode tables against the engine: every instruction validates with the signature its name implies, and look-alikes compute what they say.
import { describe, expect, it } from 'vitest';
import { moduleBuilder } from '../../src/wasm/encode.ts';
import type { Emitter, ValueType } from '../../src/wasm/encode.ts';
import { features } from '../../src/wasm/features.ts';
import { LANE, MEMORY, MEMORY_LANE, SIMPLE, naturalAlign } from '../../src/wasm/opcodes.ts';
import type { LaneOp, MemoryLaneOp, MemoryOp, SimpleOp } from '../../src/wasm/opcodes.ts';

const SCALARS = ['i32', 'i64', 'f32', 'f64'] as const;
const isScalar = (type: string): type is ValueType => (SCALARS as readonly string[]).includes(type);
const scalarOf: Readonly<Record<string, ValueType>> = {
  i8x16: 'i32',
  i16x8: 'i32',
  i32x4: 'i32',
  i64x2: 'i64',
  f32x4: 'f32',
  f64x2: 'f64',
};

/** The signature that an opcode's name implies: the specification is regular enough that a wrong number shows up as a type error. */
const signature = (name: string): readonly [readonly ValueType[], readonly ValueType[]] => {
  const [type = '', op = ''] = name.split('.');
  if (type === 'v128') {
    if (op === 'not') return [['v128'], ['v128']];
    if (op === 'any_true') return [['v128'], ['i32']];
    return [op === 'bitselect' ? ['v128', 'v128', 'v128'] : ['v128', 'v128'], ['v128']];
  }
  if (isScalar(type)) {
    const source = /_(i32|i64|f32|f64)(_|$)/.exec(op);
    if (source !== null) return [[source[1] as ValueType], [type]];
    if (op === 'eqz') return [[type], ['i32']];
    if (/^(eq|ne|lt|gt|le|ge)(_|$)/.test(op)) return [[type, type], ['i32']];
    const unary = /^(clz|ctz|popcnt|abs|neg|ceil|floor|trunc|nearest|sqrt|extend\d+_s)$/.test(op);
    return [unary ? [type] : [type, type], [type]];
  }
  if (op === 'splat') return [[scalarOf[type]!], ['v128']];
  if (op === 'all_true' || op === 'bitmask') return [['v128'], ['i32']];
  if (/^sh[lr]/.test(op)) return [['v128', 'i32'], ['v128']];
  if (/^relaxed_(n?madd|laneselect)/.test(op)) return [['v128', 'v128', 'v128'], ['v128']];
  const unary =
    /^(abs|neg|popcnt|ceil|floor|trunc|nearest|sqrt|ext(end|add)|convert|promote|demote|(relaxed_)?trunc)/.test(op);
  return [unary ? ['v128'] : ['v128', 'v128'], ['v128']];
};

const validates = (
  params: readonly ValueType[],
  results: readonly ValueType[],
  body: (f: Emitter) => void,
): boolean => {
  const m = moduleBuilder({ memory: { shared: true, minPages: 1, maxPages: 2 } });
  m.func('tested', params, results, body);
  return WebAssembly.validate(m.bytes());
};

const run = (results: readonly ValueType[], body: (f: Emitter) => void, ...args: readonly number[]): unknown => {
  const m = moduleBuilder({ memory: { minPages: 1 } });
  m.export(
    'f',
    m.func(
      'f',
      args.map(() => 'i32' as const),
      results,
      body,
    ),
  );
  const { f } = new WebAssembly.Instance(new WebAssembly.Module(m.bytes())).exports;
  return (f as (...all: readonly number[]) => unknown)(...args);
};

describe('opcodes', () => {
  const simple = (Object.keys(SIMPLE) as SimpleOp[]).filter((name) => name.includes('.'));
  it.each(simple.filter((name) => features().relaxedSimd || !name.includes('relaxed')))(
    '%s validates with the signature of its name',
    (name) => {
      const [params, results] = signature(name);
      const body = (f: Emitter): void => {
        params.forEach((_, i) => f.get(i));
        f.op(name);
      };
      expect(validates(params, results, body)).toBe(true);
    },
  );

  it('loads, stores and lane accesses validate, at natural alignment and no more', () => {
    const atomics = (name: string): boolean => name.includes('atomic');
    const access = (name: MemoryOp | MemoryLaneOp, align: number): boolean => {
      const value = name.startsWith('v128') ? 'v128' : (name.slice(0, 3) as ValueType);
      const stores = name.includes('store');
      const hasLane = name in MEMORY_LANE;
      const params: readonly ValueType[] = stores || hasLane ? ['i32', value] : ['i32'];
      return validates(params, stores ? [] : [value], (f) => {
        params.forEach((_, i) => f.get(i));
        if (hasLane) f.memLane(name as MemoryLaneOp, 1, 4, align);
        else f.mem(name as MemoryOp, 4, align);
      });
    };
    const names = [...Object.keys(MEMORY), ...Object.keys(MEMORY_LANE)] as (MemoryOp | MemoryLaneOp)[];
    for (const name of names.filter((each) => !atomics(each) || /atomic\.(load|store)$/.test(each))) {
      expect([name, access(name, naturalAlign(name)), access(name, naturalAlign(name) + 1)]).toEqual([
        name,
        true,
        false,
      ]);
    }
    expect(validates(['i32', 'i32'], ['i32'], (f) => f.get(0).get(1).mem('i32.atomic.rmw.add', 8))).toBe(true);
    expect(validates(['i32', 'i32'], ['i32'], (f) => f.get(0).get(1).mem('memory.atomic.notify'))).toBe(true);
    expect(validates(['i32', 'i32', 'i64'], ['i32'], (f) => f.get(0).get(1).get(2).mem('memory.atomic.wait32'))).toBe(
      true,
    );
    expect(validates([], [], (f) => f.fence())).toBe(true);
  });

  it('lane instructions validate', () => {
    for (const name of Object.keys(LANE) as LaneOp[]) {
      const scalar = scalarOf[name.split('.')[0]!]!;
      const extracts = name.includes('extract');
      const params: readonly ValueType[] = extracts ? ['v128'] : ['v128', scalar];
      expect([
        name,
        validates(
          params,
          [extracts ? scalar : 'v128'],
          (f) => void (params.forEach((_, i) => f.get(i)), f.lane(name, 1)),
        ),
      ]).toEqual([name, true]);
    }
  });

  // same signature, so a swap would validate: told apart by value
  it.each<readonly [SimpleOp, number, number, number]>([
    ['f32x4.add', 3, 2, 5],
    ['f32x4.sub', 3, 2, 1],
    ['f32x4.mul', 3, 2, 6],
    ['f32x4.div', 3, 2, 1.5],
    ['f32x4.min', 3, 2, 2],
    ['f32x4.max', 3, 2, 3],
    ['f32x4.pmin', 3, 2, 2],
    ['f32x4.pmax', 3, 2, 3],
  ])('%s(%d, %d) = %d', (name, x, y, expected) => {
    expect(run(['f32'], (f) => f.f32x4(x).f32x4(y).op(name).lane('f32x4.extract_lane', 3))).toBe(expected);
  });
  it.each<readonly [SimpleOp, number, number]>([
    ['f32x4.abs', -2.5, 2.5],
    ['f32x4.neg', -2.5, 2.5],
    ['f32x4.ceil', -2.5, -2],
    ['f32x4.floor', -2.5, -3],
    ['f32x4.trunc', -2.5, -2],
    ['f32x4.nearest', -2.5, -2],
    ['f32x4.nearest', 3.5, 4],
    ['f32x4.sqrt', 2.25, 1.5],
  ])('%s(%d) = %d', (name, x, expected) => {
    expect(run(['f32'], (f) => f.f32x4(x).op(name).lane('f32x4.extract_lane', 0))).toBe(expected);
  });
  it.each<readonly [SimpleOp, number, number, number]>([
    ['i32x4.add', 7, -2, 5],
    ['i32x4.sub', 7, -2, 9],
    ['i32x4.mul', 7, -2, -14],
    ['i32x4.min_s', 7, -2, -2],
    ['i32x4.min_u', 7, -2, 7],
    ['i32x4.max_s', 7, -2, 7],
    ['i32x4.max_u', 7, -2, -2],
    ['v128.and', 6, 3, 2],
    ['v128.or', 6, 3, 7],
    ['v128.xor', 6, 3, 5],
    ['v128.andnot', 6, 3, 4],
    ['i32x4.lt_s', -2, 7, -1],
    ['i32x4.lt_u', -2, 7, 0],
    ['i32x4.gt_s', -2, 7, 0],
    ['i32x4.ge_u', -2, 7, -1],
    ['i32x4.eq', 2, 2, -1],
    ['i32x4.ne', 2, 2, 0],
  ])('%s(%d, %d) = %d', (name, x, y, expected) => {
    expect(run(['i32'], (f) => f.i32x4(x).i32x4(y).op(name).lane('i32x4.extract_lane', 2))).toBe(expected);
  });
  it('bitselect takes set bits from the first operand', () => {
    expect(
      run(['i32'], (f) =>
        f.i32x4(1, 2, 3, 4).i32x4(5, 6, 7, 8).i32x4(0, -1, 0, 0).op('v128.bitselect').lane('i32x4.extract_lane', 1),
      ),
    ).toBe(2);
  });
  it('shuffles by bytes, words and doubles agree', () => {
    const lane = (...indices: readonly number[]): unknown =>
      run(['i32'], (f) =>
        f
          .i32x4(0, 1, 2, 3)
          .i32x4(4, 5, 6, 7)
          .shuffle(...indices)
          .lane('i32x4.extract_lane', 2),
      );
    expect([lane(3, 1, 6, 0), lane(1, 2), lane(12, 13, 14, 15, 0, 0, 0, 0, 24, 25, 26, 27, 0, 0, 0, 0)]).toEqual([
      6, 4, 6,
    ]);
    expect(() => lane(1, 2, 3)).toThrow('takes 16, 4 or 2 indices');
  });
  it.runIf(features().relaxedSimd)('relaxed_madd is a*b + c, nmadd is c - a*b', () => {
    const of = (name: SimpleOp): unknown =>
      run(['f32'], (f) => f.f32x4(2).f32x4(3).f32x4(10).op(name).lane('f32x4.extract_lane', 1));
    expect([of('f32x4.relaxed_madd'), of('f32x4.relaxed_nmadd')]).toEqual([16, 4]);
  });
});
