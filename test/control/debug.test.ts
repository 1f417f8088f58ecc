// Effects and callbacks: what runs, how often, in which order, and what happens where they fail.
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  add,
  cond,
  debug,
  DeviceError,
  disableJit,
  DTypeError,
  explain,
  foriLoop,
  grad,
  greater,
  jit,
  less,
  memory,
  mul,
  pureCallback,
  scan,
  ShapeError,
  sin,
  sum,
  tensor,
  TracerError,
  TreeError,
  vmap,
  whileLoop,
  zeros,
  type Tensor,
} from '../../src/index.ts';
import { ConcreteTensor, type Storage } from '../../src/core/tensor.ts';
import { createReferenceDevice } from '../../src/reference/device.ts';

const item = (x: Tensor): number => x.dataSync()[0]!;
const recorded = (): string[] => {
  const lines: string[] = [];
  vi.spyOn(console, 'log').mockImplementation((x: string) => void lines.push(x));
  return lines;
};
afterEach(() => {
  vi.restoreAllMocks();
});

describe('debug.print', () => {
  test('prints any tree in one line, at once where nothing is traced', () => {
    const lines = recorded();
    debug.print('x', tensor([[1, 2.5], [-0.1, NaN]])); // prettier-ignore
    debug.print('tree', { b: tensor([true, false]), a: [tensor(3, { dtype: 'int32' }), 0.5], name: 'layer' });
    debug.print('long', zeros([2, 400]));
    expect(lines).toEqual([
      'x [[1, 2.5], [-0.1, NaN]]',
      'tree { a: (3, 0.5), b: [true, false], name: layer }',
      'long float32[2,400] [[0, 0, 0, ..., 0, 0, 0], [0, 0, 0, ..., 0, 0, 0]]',
    ]);
  });

  test('inside of jit: in the order of the program, every run, alike ones all, though nothing needs them', () => {
    const lines = recorded();
    let traces = 0;
    const f = jit((x: Tensor) => {
      traces++;
      debug.print('first', x);
      const y = mul(x, 2);
      debug.print('twice', y);
      debug.print('twice', y);
      debug.print('dead', sin(sum(x)));
      return add(x, 1);
    });
    expect(f(tensor([0, 0])).arraySync()).toEqual([1, 1]);
    f(tensor([1, 2]));
    expect(traces).toBe(1);
    expect(lines).toEqual([
      'first [0, 0]',
      'twice [0, 0]',
      'twice [0, 0]',
      'dead 0',
      'first [1, 2]',
      'twice [2, 4]',
      'twice [2, 4]',
      'dead 0.14112',
    ]);
  });

  test('inside of a jitted function inside of another', () => {
    const lines = recorded();
    const inner = jit((x: Tensor) => {
      debug.print('inner', x);
      return mul(x, x);
    });
    const outer = jit((x: Tensor) => {
      debug.print('before', x);
      const y = inner(x);
      debug.print('between', y);
      inner(y);
      return y;
    });
    outer(tensor(3));
    expect(lines).toEqual(['before 3', 'inner 3', 'between 9', 'inner 9']);
  });

  test('under grad: once, in the forward pass; under jit of grad too', () => {
    const lines = recorded();
    const f = (x: Tensor): Tensor => {
      debug.print('x', x);
      return mul(x, x);
    };
    expect(grad(f)(tensor(3)).itemSync()).toBe(6);
    expect(grad(jit(f))(tensor(3)).itemSync()).toBe(6);
    expect(jit(grad(f))(tensor(3)).itemSync()).toBe(6);
    expect(grad((x: Tensor) => grad(f)(x))(tensor(3)).itemSync()).toBe(2);
    expect(lines).toEqual(['x 3', 'x 3', 'x 3', 'x 3']);
  });

  test('under vmap: once, with the batched value, its batch axis in front', () => {
    const lines = recorded();
    const f = (x: Tensor, c: Tensor): Tensor => {
      debug.print('x, c', [x, c]);
      return add(x, c);
    };
    const x = tensor([[1, 2, 3], [4, 5, 6]]); // prettier-ignore
    const g = vmap(f, { inAxes: [1, null] });
    g(x, tensor([10, 20]));
    jit(g)(x, tensor([10, 20]));
    jit(vmap(grad((y: Tensor) => sum(f(y, y)))))(x);
    expect(lines).toEqual([
      'x, c ([[1, 4], [2, 5], [3, 6]], [10, 20])',
      'x, c ([[1, 4], [2, 5], [3, 6]], [10, 20])',
      'x, c ([[1, 2, 3], [4, 5, 6]], [[1, 2, 3], [4, 5, 6]])',
    ]);
  });

  test('inside of scan: at every step, in order, and once under grad', () => {
    const lines = recorded();
    const f = (xs: Tensor): Tensor =>
      scan(
        (c: Tensor, x: Tensor) => {
          debug.print('step', [c, x]);
          return [mul(c, x), null];
        },
        tensor(1),
        xs,
      )[0];
    const steps = ['step (1, 2)', 'step (2, 3)', 'step (6, 4)'];
    f(tensor([2, 3, 4]));
    expect(lines.splice(0)).toEqual(steps);
    jit(f)(tensor([2, 3, 4]));
    expect(lines.splice(0)).toEqual(steps);
    expect(grad(f)(tensor([2, 3, 4])).arraySync()).toEqual([12, 8, 6]);
    expect(lines.splice(0)).toEqual(steps);
    jit(grad(f))(tensor([2, 3, 4]));
    expect(lines.splice(0)).toEqual(steps);
    vmap(f)(tensor([[2, 3], [4, 5]])); // prettier-ignore
    expect(lines.splice(0)).toEqual(['step ([1, 1], [2, 4])', 'step ([2, 4], [3, 5])']);
  });

  test('in loops whose results nobody needs, unrolled ones, empty ones, nested ones', () => {
    const lines = recorded();
    jit((x: Tensor) => {
      scan((c: Tensor, s: Tensor) => { debug.print('dead', s); return [c, null]; }, x, tensor([1, 2])); // prettier-ignore
      foriLoop(0, 2, (i, c) => { debug.print('fixed', 7); return add(c, i); }, 0); // prettier-ignore
      foriLoop(3, 3, (i, c) => { debug.print('never', i); return c; }, 0); // prettier-ignore
      return x;
    })(tensor(5));
    expect(lines.splice(0)).toEqual(['dead 1', 'dead 2', 'fixed 7', 'fixed 7']);
    const steps = ['i 0', 'i 1', 'i 2', 'i 3', 'i 4'];
    for (const unroll of [1, 2, 5, true]) {
      jit((x: Tensor) => foriLoop(0, 5, (i, c) => { debug.print('i', i); return add(c, 1); }, x, { unroll }))(tensor(0)); // prettier-ignore
      expect(lines.splice(0)).toEqual(steps);
    }
    const nested = (x: Tensor): Tensor =>
      foriLoop(0, 2, (i, c) => foriLoop(0, 2, (j, d) => { debug.print('i, j', [i, j]); return mul(d, sin(d)); }, c), x); // prettier-ignore
    const pairs = ['i, j (0, 0)', 'i, j (0, 1)', 'i, j (1, 0)', 'i, j (1, 1)'];
    for (const f of [
      nested,
      jit(nested),
      grad(nested),
      jit(grad(nested)),
      vmap(nested, { inAxes: null, axisSize: 2 }),
    ]) {
      f(tensor(1));
      expect(lines.splice(0)).toEqual(pairs);
    }
  });

  test('in the branch that runs, and in every round of a whileLoop, its condition included', () => {
    const lines = recorded();
    const f = (x: Tensor): Tensor =>
      cond(
        greater(x, 0),
        (y: Tensor) => { debug.print('positive', y); return mul(y, 2); }, // prettier-ignore
        (y: Tensor) => { debug.print('negative', y); return y; }, // prettier-ignore
        x,
      );
    for (const g of [f, jit(f), grad(f), jit(grad(f))]) [1, -1].forEach((x) => g(tensor(x)));
    expect(lines.splice(0)).toEqual(Array.from({ length: 4 }, () => ['positive 1', 'negative -1']).flat());
    const g = jit(
      (x: Tensor) =>
      whileLoop((c) => { debug.print('try', c); return less(c, 4); }, (c) => { debug.print('go', c); return mul(c, 2); }, x), // prettier-ignore
    );
    g(tensor(1));
    expect(lines).toEqual(['try 1', 'go 1', 'try 2', 'go 2', 'try 4']);
  });

  test('on the reference device', () => {
    const lines = recorded();
    const f = (x: Tensor): Tensor => {
      debug.print('x', x);
      return scan((c: Tensor, s: Tensor) => { debug.print('s', s); return [add(c, s), null]; }, tensor(0), x)[0]; // prettier-ignore
    };
    expect(jit(f, { device: createReferenceDevice() })(tensor([1, 2])).itemSync()).toBe(3);
    expect(lines).toEqual(['x [1, 2]', 's 1', 's 2']);
  });

  test('what is on a GPU is printed once it is there', async () => {
    const lines = recorded();
    const storage: Storage = {
      device: { kind: 'webgpu', name: 'a GPU' },
      read: async () => Promise.resolve(Float32Array.of(1, 2)),
      readSync: () => {
        throw new DeviceError('dataSync', 'not here');
      },
      dispose: () => undefined,
    };
    debug.print('x', { x: new ConcreteTensor([2], 'float32', storage) });
    expect(lines).toEqual([]);
    await new Promise((resolve) => setTimeout(resolve));
    expect(lines).toEqual(['x { x: [1, 2] }']);
  });

  test('a label that is no string is refused', () => {
    expect(() => debug.print(tensor(1) as never, 'x')).toThrow(/debug\.print.*label/);
  });
});

describe('debug.callback', () => {
  test('gets concrete values in the structure they were given', () => {
    const seen: unknown[] = [];
    const f = jit((x: Tensor) => {
      debug.callback(
        (tree: { readonly a: Tensor; readonly mode: string }, n: Tensor) => {
          seen.push([tree.a.arraySync(), tree.mode, n.itemSync(), tree.a.dtype]);
          return Promise.resolve('ignored');
        },
        { a: mul(x, 2), mode: 'train' },
        7,
      );
      return x;
    });
    f(tensor([1, 2]));
    expect(seen).toEqual([[[2, 4], 'train', 7, 'float32']]);
  });

  test('may run operations and programs, the same one too, and make the memory grow', () => {
    const seen: number[] = [];
    const norm = jit((x: Tensor) => sum(mul(x, x)));
    const f: (x: Tensor, n: Tensor) => Tensor = jit((x: Tensor, n: Tensor) => {
      const y = mul(sin(x), 2)
        .reshape([64, 64])
        .matmul(zeros([64, 64]).add(1));
      debug.callback(
        (v: Tensor, m: Tensor) => {
          seen.push(item(norm(v)), item(sum(add(v, 1))));
          const big = zeros([1 << 22]).add(1);
          seen.push(item(sum(big)));
          if (item(m) > 0) seen.push(item(sum(f(x0, tensor(item(m) - 1)))));
        },
        x,
        n,
      );
      return add(y, n);
    });
    const x0 = zeros([4096]);
    const x = zeros([4096]).add(1);
    const alone = jit((z: Tensor) =>
      mul(sin(z), 2)
        .reshape([64, 64])
        .matmul(zeros([64, 64]).add(1)),
    )(x);
    expect(f(x, tensor(2)).arraySync()).toEqual(add(alone, 2).arraySync());
    expect(seen).toEqual([4096, 8192, 1 << 22, 0, 4096, 1 << 22, 0, 4096, 1 << 22, 0, 4096]);
  });

  test('an exception comes out of the call, and donated arguments are as they were', () => {
    let fail = true;
    const step = jit(
      (state: { readonly w: Tensor; readonly n: Tensor }) => {
        const w = add(state.w, 1);
        debug.callback(() => {
          if (fail) throw new RangeError('stop here');
        }, w);
        return { w: mul(w, 2), n: add(state.n, 1) };
      },
      { donate: 0 },
    );
    const state = { w: jit((x: Tensor) => add(x, 1))(zeros([2000])), n: jit((x: Tensor) => add(x, 1))(zeros([2000])) };
    expect(() => step(state)).toThrow(new RangeError('stop here'));
    expect([state.w, state.n].map((x) => sum(x).itemSync())).toEqual([2000, 2000]);
    fail = false;
    expect(sum(step(state).w).itemSync()).toBe(8000);
    expect(() => state.w.dataSync()).toThrow(/donated/);
    expect(() => jit((x: Tensor) => scan((c: Tensor) => { debug.callback(() => { throw new RangeError('inside'); }, c); return [add(c, 1), null]; }, x, null, { length: 3 })[0])(tensor(1))).toThrow(new RangeError('inside')); // prettier-ignore
    expect(sum(add(zeros([3]), 1)).itemSync()).toBe(3);
  });

  test('nothing stays in memory: not of nested runs, and not of ones that failed', () => {
    const inner = jit((x: Tensor) => mul(x, 2).matmul(zeros([16, 16]).add(1)));
    const f = jit((x: Tensor, stop: Tensor) => {
      const y = sin(x);
      debug.callback(
        (v: Tensor, s: Tensor) => {
          inner(v);
          if (item(s) > 0) throw new RangeError('stop');
        },
        y,
        stop,
      );
      return [y, mul(y, 2)];
    });
    const x = zeros([16, 16]);
    const round = (): void => {
      f(x, tensor(0)).forEach((y) => y.dispose());
      expect(() => f(x, tensor(1))).toThrow(RangeError);
    };
    round();
    const { used } = memory();
    for (let i = 0; i < 50; i++) round();
    expect(memory().used).toBe(used);
  });

  test('is one kernel of the program', () => {
    const f = jit((x: Tensor) => {
      debug.callback(() => undefined, x);
      return add(x, 1);
    });
    expect(explain(f)(zeros([4])).kernels.map((k) => k.kind)).toEqual(['callback', 'loop']);
  });
});

describe('pureCallback', () => {
  const sorted = (x: Tensor): Tensor => tensor([...x.dataSync()].sort((a, b) => a - b));
  const shape = { shape: [3], dtype: 'float32' } as const;

  test('computes with concrete values, eagerly, under jit, in scan', () => {
    const f = (x: Tensor): Tensor => add(pureCallback(sorted, shape, [x]), 1);
    expect(f(tensor([3, 1, 2])).arraySync()).toEqual([2, 3, 4]);
    expect(jit(f)(tensor([3, 1, 2])).arraySync()).toEqual([2, 3, 4]);
    const g = (x: Tensor): Tensor => scan((c: Tensor, s: Tensor) => [f(mul(c, s)), null], x, tensor([1, -1]))[0];
    expect(jit(g)(tensor([3, 1, 2])).arraySync()).toEqual([-3, -2, -1]);
  });

  test('returns trees, and is left out where nothing needs it', () => {
    let calls = 0;
    const both = (x: Tensor): unknown => {
      calls++;
      const data = x.dataSync();
      return { least: Math.min(...data), at: [tensor(data.indexOf(Math.min(...data)), { dtype: 'int32' })] };
    };
    const described = { least: { shape: [], dtype: 'float32' }, at: [{ shape: [], dtype: 'int32' }] } as const;
    const f = jit((x: Tensor) => pureCallback(both, described, [x]));
    const { least, at } = f(tensor([3, 1, 2]));
    expect([least.itemSync(), least.dtype, at[0].itemSync(), at[0].dtype]).toEqual([1, 'float32', 1, 'int32']);
    jit((x: Tensor) => {
      pureCallback(both, described, [x]);
      return x;
    })(tensor([1]));
    expect(calls).toBe(1);
  });

  test('under vmap: a slice at a time, or all of it at once', () => {
    const shapes: string[] = [];
    const f = (x: Tensor, s: Tensor): Tensor => {
      shapes.push(`${x.shape.join()}|${s.shape.join()}`);
      return mul(x, s.rank === 0 ? s : s.reshape([-1, 1]));
    };
    const x = tensor([[1, 2], [3, 4], [5, 6]]); // prettier-ignore
    const described = { shape: [2], dtype: 'float32' } as const;
    const one = (v: Tensor, s: Tensor): Tensor => pureCallback(f, described, [v, s]);
    const all = (v: Tensor, s: Tensor): Tensor => pureCallback(f, described, [v, s], { vmapMethod: 'broadcastAll' });
    const expected = [[2, 4], [6, 8], [10, 12]]; // prettier-ignore
    for (const transform of [vmap, (g: typeof one, o: object) => jit(vmap(g, o))]) {
      expect(transform(one, { inAxes: [0, null] })(x, tensor(2)).arraySync()).toEqual(expected);
      expect(shapes.splice(0)).toEqual(['2|', '2|', '2|']);
      expect(transform(all, { inAxes: [0, null] })(x, tensor(2)).arraySync()).toEqual(expected);
      expect(shapes.splice(0)).toEqual(['3,2|3']);
    }
    const twice = vmap(vmap(one, { inAxes: [0, null] }), { inAxes: [null, 0] })(x, tensor([1, 2]));
    expect(twice.arraySync()).toEqual([x.arraySync(), expected]);
    expect(shapes.splice(0)).toHaveLength(6);
  });

  test('what is returned must be what was declared', () => {
    const call = (y: unknown): unknown => jit((x: Tensor) => pureCallback((_: Tensor) => y, shape, [x]))(tensor(1));
    expect(() => call(tensor([1, 2]))).toThrow(ShapeError);
    expect(() => call(tensor([1, 2]))).toThrow(/pureCallback: the function returned float32\[2\], resultShape declares float32\[3\]/); // prettier-ignore
    expect(() => call(tensor([1, 2, 3], { dtype: 'int32' }))).toThrow(DTypeError);
    expect(() => call([tensor([1, 2, 3])])).toThrow(TreeError);
    expect(() => call(Promise.resolve(1))).toThrow(/returned a Promise/);
  });

  test('has no derivative, and says what to do', () => {
    expect(() => grad((x: Tensor) => sum(pureCallback(sorted, shape, [x])))(tensor([3, 1, 2]))).toThrow(TracerError);
    expect(() => grad((x: Tensor) => sum(pureCallback(sorted, shape, [x])))(tensor([3, 1, 2]))).toThrow(/customJvp/);
  });
});

describe('disableJit', () => {
  test('functions run as they stand, with concrete values, loops too', () => {
    const lines = recorded();
    const f = jit((x: Tensor) => {
      console.log(String(x));
      const [y] = scan((c: Tensor, s: Tensor) => [item(c) > 2 ? c : add(c, s), null], x, tensor([1, 2, 3]));
      return item(x) > 0 ? y : x;
    });
    expect(disableJit(() => f(tensor(1))).itemSync()).toBe(4);
    expect(lines).toEqual(['Tensor float32[] 1']);
    expect(f.cache()).toEqual([]);
    expect(() => f(tensor(1))).toThrow(TracerError);
  });

  test('refuses what is asynchronous, and ends with an exception', () => {
    expect(() => disableJit(async () => Promise.resolve(1))).toThrow(/disableJit.*Promise/s);
    expect(() => disableJit(() => { throw new RangeError('x'); })).toThrow(RangeError); // prettier-ignore
    let traced = 0;
    jit((x: Tensor) => {
      traced++;
      return x;
    }).trace(tensor(1));
    expect(traced).toBe(1);
  });
});

describe('a trace that grows too long', () => {
  test('warns once, names the line of the loop and what to write instead', () => {
    const warnings: string[] = [];
    vi.spyOn(console, 'warn').mockImplementation((x: string) => void warnings.push(x));
    const unrolled = (n: number) => (x: Tensor): Tensor => {
      let y = mul(x, 2);
      for (let i = 0; i < n; i++) y = sin(y); // the loop
      return y;
    }; // prettier-ignore
    jit(unrolled(19_900)).trace(tensor(1));
    expect(warnings).toEqual([]);
    const f = jit(grad(unrolled(20_001)));
    f.trace(tensor(1));
    f.trace(tensor(2));
    expect(warnings).toHaveLength(1);
    const [warning] = warnings;
    expect(warning).toMatch(/^cotangent: jit has traced more than 20,000 operations, about \d+ % of them at this line:\n {4}at \S*debug\.test\.ts:\d+:\d+\n {2}a JS loop .* is unrolled/); // prettier-ignore
    expect(warning).toMatch(/write it as scan\(.*foriLoop\(/);
    const [, file, line] = /at (\S*):(\d+):\d+\n/.exec(warning!)!;
    expect(readFileSync(file!.replace('file://', ''), 'utf8').split('\n')[Number(line) - 1]).toContain('// the loop');
    jit(unrolled(20_001)).trace(tensor(1));
    expect(warnings).toHaveLength(2);
  });
});
