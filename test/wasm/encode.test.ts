// The module builder: constants at the edges of their encodings, structure, errors, the disassembler, speed of emission.
import { describe, expect, it } from 'vitest';
import { disassemble } from '../../src/wasm/disassemble.ts';
import { moduleBuilder } from '../../src/wasm/encode.ts';
import type { Emitter, ValueType } from '../../src/wasm/encode.ts';
import { canShareMemory } from '../../src/wasm/features.ts';

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

describe('module builder', () => {
  it.each([0, 1, -1, 63, 64, -64, -65, 127, 128, 8191, 8192, -8193, 2 ** 31 - 1, -(2 ** 31)])(
    'i32 constant %d',
    (value) => {
      expect(run(['i32'], (f) => f.i32(value))).toBe(value);
    },
  );
  it.each([0n, -1n, 63n, 64n, -65n, 2n ** 63n - 1n, -(2n ** 63n)])('i64 constant %d', (value) => {
    expect(run(['i64'], (f) => f.i64(value))).toBe(value);
  });
  it('float constants keep sign of zero and infinity', () => {
    expect([
      run(['f32'], (f) => f.f32(-0)),
      run(['f64'], (f) => f.f64(-Infinity)),
      run(['f64'], (f) => f.f64(0.1)),
    ]).toEqual([-0, -Infinity, 0.1]);
  });
  it('calls functions before their definition, and imports', () => {
    const m = moduleBuilder();
    const log = m.importFunc('env', 'log', ['i32'], []);
    const factorial = m.declare('factorial', ['i32'], ['i32']);
    m.export(
      'main',
      m.func('main', [], ['i32'], (f) => f.i32(7).call(log).i32(10).call(factorial)),
    );
    m.define(factorial, (f) =>
      f
        .get(0)
        .op('i32.eqz')
        .if(
          () => f.i32(1),
          () => f.get(0).get(0).i32(1).op('i32.sub').call(factorial).op('i32.mul'),
          'i32',
        ),
    );
    const logged: number[] = [];
    const { main } = new WebAssembly.Instance(new WebAssembly.Module(m.bytes()), {
      env: { log: (x: number) => logged.push(x) },
    }).exports;
    expect([(main as () => number)(), logged]).toEqual([3628800, [7]]);
  });
  it('refuses what would be written wrongly', () => {
    const m = moduleBuilder();
    const later = m.declare('later', [], []);
    expect(() => m.bytes()).toThrow('later was declared but never defined');
    expect(() => m.importFunc('env', 'x', [], [])).toThrow('import env.x before declaring functions');
    m.define(later, () => undefined);
    expect(() => m.define(later, () => undefined)).toThrow('already defined');
    expect(() => m.func(null, [], ['i32'], (f) => f.i32(0).mem('i32.load', -4))).toThrow('memory offset -4');
  });
  it('branches by label through nested blocks', () => {
    // the first divisor of 91 above 1
    expect(
      run(['i32'], (f) => {
        const d = f.local('i32');
        f.block((found) => {
          f.assign(d, 2).loop((next) => {
            f.block(() => f.i32(91).get(d).op('i32.rem_u').op('i32.eqz').brIf(found));
            f.increment(d, 1).br(next);
          });
        });
        f.get(d);
      }),
    ).toBe(7);
  });
  it.each([
    [0, 0, 1, 0],
    [0, 5, 1, 5],
    [0, 5, 2, 3],
    [3, 4, 8, 1],
    [5, 3, 1, 0],
  ])('for from %d to %d by %d runs %d rounds', (from, to, step, rounds) => {
    const count = (lower: boolean, upper: boolean): unknown =>
      run(
        ['i32'],
        (f) => {
          const [i, n] = [f.local('i32'), f.local('i32')];
          f.for(i, lower ? from : () => f.get(0), upper ? to : () => f.get(1), step, () => f.increment(n, 1));
          f.get(n);
        },
        from,
        to,
      );
    expect([count(true, true), count(true, false), count(false, true), count(false, false)]).toEqual([
      rounds,
      rounds,
      rounds,
      rounds,
    ]);
  });
  it('globals, data, memory copy and fill', () => {
    const m = moduleBuilder({ memory: { minPages: 1 } });
    const g = m.global(-5);
    m.data(8, Uint8Array.of(1, 2, 3, 4));
    m.export(
      'f',
      m.func(null, [], ['i32'], (f) => {
        f.i32(16).i32(8).i32(4).memoryCopy().i32(18).i32(9).i32(1).memoryFill();
        f.globalGet(g).i32(0).mem('i32.load', 16).op('i32.add').globalSet(g).globalGet(g);
      }),
    );
    const { f } = new WebAssembly.Instance(new WebAssembly.Module(m.bytes())).exports;
    expect((f as () => number)()).toBe(0x04090201 - 5);
  });
  it('imports a shared memory', () => {
    expect(canShareMemory()).toBe(true);
    const m = moduleBuilder({ memory: { import: ['env', 'memory'], shared: true } });
    m.export(
      'f',
      m.func(null, [], ['i32'], (f) => f.i32(0).i32(3).mem('i32.atomic.rmw.add')),
    );
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536, shared: true });
    const { f } = new WebAssembly.Instance(new WebAssembly.Module(m.bytes()), { env: { memory } }).exports;
    expect([(f as () => number)(), (f as () => number)()]).toEqual([0, 3]);
  });
});

describe('disassemble', () => {
  it('lists opcodes, names and innermost loops', () => {
    const m = moduleBuilder({ memory: { import: ['env', 'memory'] } });
    m.func('kernel', ['i32'], [], (f) => {
      const [i, j] = [f.local('i32'), f.local('i32')];
      f.for(
        i,
        0,
        () => f.get(0),
        1,
        () => f.for(j, 0, 8, 4, () => f.get(j).f32x4(1.5).mem('v128.store', 300)),
      );
    });
    m.export(
      'two',
      m.func(null, [], ['i64'], (f) => f.i64(-300n)),
    );
    const [kernel, two] = disassemble(m.bytes());
    expect(kernel!.name).toBe('kernel');
    expect(kernel!.innerLoops).toMatchInlineSnapshot(`
      [
        [
          "local.get",
          "v128.const",
          "v128.store",
          "local.get",
          "i32.const",
          "i32.add",
          "local.tee",
          "i32.const",
          "i32.lt_s",
          "br_if",
        ],
      ]
    `);
    expect(two).toEqual({ name: 'two', ops: ['i64.const', 'end'], innerLoops: [] });
  });
});

it('emits 36,000 instructions in milliseconds', () => {
  const emit = (): number => {
    const m = moduleBuilder({ memory: { import: ['env', 'memory'] } });
    for (let n = 0; n < 60; n++)
      m.func(`kernel${n}`, ['i32', 'i32'], [], (f) => {
        const x = f.local('v128');
        for (let i = 0; i < 100; i++)
          f.get(0)
            .get(1)
            .mem('v128.load', 16 * i)
            .get(x)
            .op('f32x4.add')
            .mem('v128.store', 16 * i);
      });
    return m.bytes().length;
  };
  let best = Infinity;
  for (let i = 0; i < 20; i++) {
    const start = performance.now();
    emit();
    best = Math.min(best, performance.now() - start);
  }

  expect(best).toBeLessThan(10); // measured 1.8 on an idle core; the slack is for busy machines
});
