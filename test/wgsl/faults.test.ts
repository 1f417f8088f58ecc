// What goes wrong on a GPU: an error of the values it concerns, on the await that asks for them; and functions of JS in programs.
import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  add,
  cond,
  debug,
  devicePut,
  explain,
  grad,
  jit,
  mul,
  ones,
  pureCallback,
  scan,
  sum,
  tensor,
  tree,
  whileLoop,
  zeros,
  type Tensor,
} from '../../src/index.ts';
import { createWebGpuDevice } from '../../src/wgsl/device.ts';
import { testGpuDevice } from '../setup/swiftshader.ts';
import { changed, gpuDevice } from './device.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

describe('a program that the GPU refuses', () => {
  test('when it first runs: its results fail by name, and what is made of them; all else goes on', async () => {
    const real = await testGpuDevice();
    let bad = false;
    const gpu = createWebGpuDevice(
      changed(real, {
        createBindGroup: (d: GPUBindGroupDescriptor) =>
          real.createBindGroup(bad ? { ...d, entries: [...d.entries].slice(1) } : d),
      }),
    );
    const x = devicePut(tensor([1, 2]), gpu);
    const good = jit((y: Tensor) => y.mul(2), { device: gpu });
    const before = good(x);
    await before.ready();
    bad = true;
    const f = jit((y: Tensor) => y.add(1).sum(), { device: gpu });
    const [y, z] = [f(x), good(f(x))];
    await expect(y.item()).rejects.toThrow(/^\S*sum.*: the GPU refused the program \(validation\)/);
    bad = false;
    await expect(z.item()).rejects.toThrow(/the GPU refused the program/);
    expect([await before.array(), await good(x).array()]).toEqual([
      [2, 4],
      [2, 4],
    ]);
    expect(await jit((v: Tensor) => v.sub(1), { device: gpu })(before).array()).toEqual([1, 3]);
    real.destroy();
  });

  test('as text: the message is that of the compiler, with the name of the kernel', async () => {
    const real = await testGpuDevice();
    let bad = true;
    const gpu = createWebGpuDevice(
      changed(real, {
        createShaderModule: (d: GPUShaderModuleDescriptor) =>
          real.createShaderModule(bad ? { ...d, code: 'fn main( {' } : d),
      }),
    );
    const y = jit((x: Tensor) => x.mul(3), { device: gpu })(tensor([1, 2]));
    await expect(y.data()).rejects.toThrow(/^mul: the GPU's compiler refused the kernel: .*parsing WGSL/);
    bad = false;
    expect(await jit((x: Tensor) => x.add(3), { device: gpu })(tensor([1, 2])).array()).toEqual([4, 5]);
    real.destroy();
  });
});

describe('memory that the GPU does not have', () => {
  test('fails the value it was for, with the bytes and what to do; the next call tries again', async () => {
    const real = await testGpuDevice();
    let out = false;
    const scopes: { readonly kind: string; failed: boolean }[] = [];
    const gpu = createWebGpuDevice(
      changed(real, {
        createBuffer: (d: GPUBufferDescriptor) => {
          const scope = [...scopes].reverse().find((s) => s.kind === 'out-of-memory');
          if (out && scope !== undefined) scope.failed = true;
          return real.createBuffer(d);
        },
        pushErrorScope: (kind: GPUErrorFilter) => {
          scopes.push({ kind, failed: false });
          real.pushErrorScope(kind);
        },
        popErrorScope: async () => {
          const { failed } = scopes.pop()!;
          const found = await real.popErrorScope();
          return failed ? { message: 'no memory' } : found;
        },
      }),
    );
    const f = jit((x: Tensor) => x.mul(2), { device: gpu });
    const x = devicePut(ones([5000]), gpu);
    await f(x).ready();
    out = true;
    const y = f(x);
    await expect(y.ready()).rejects.toThrow(/the GPU has no memory for \d+ bytes more, with \d+ bytes in use; dispose/);
    out = false;
    expect((await f(x).data())[0]).toBe(2);
    real.destroy();
  });
});

describe('a lost device', () => {
  test('fails what is under way and what comes later, and says how to go on', async () => {
    const gpu = await gpuDevice();
    const f = jit((x: Tensor) => x.add(1), { device: gpu });
    const x = devicePut(ones([100]), gpu);
    await f(x).ready();
    const pending = f(x).data();
    const later = f(x);
    gpu.destroy();
    const message =
      /the GPU device was destroyed, with every value on it; get a new one with await devices\.webgpu\(\)/;
    await pending.then(() => undefined, (e: Error) => expect(e.message).toMatch(message)); // prettier-ignore
    await expect(later.data()).rejects.toThrow(message);
    expect(() => f(x)).toThrow(message);
    expect(() => devicePut(ones([3]), gpu)).toThrow(message);
  });

  test('training goes on where it was, on a new device, from copies that the host has', async () => {
    const xs = tensor([[1, 2], [3, 4], [5, 7]]); // prettier-ignore
    const loss = (w: Tensor): Tensor => xs.matmul(w).sub(1).square().mean();
    const stepOn = (device: Awaited<ReturnType<typeof gpuDevice>>) =>
      jit(
        (s: { readonly w: Tensor; readonly n: Tensor }) => [
          { w: s.w.sub(mul(grad(loss)(s.w), 0.01)), n: s.n.add(1) },
          loss(s.w),
        ] as const,
        { device, donate: 0 },
      ); // prettier-ignore
    const start = { w: zeros([2, 1]), n: tensor(0, { dtype: 'int32' }) };
    const train = async (loseAt: number): Promise<number[]> => {
      let device = await gpuDevice();
      let step = stepOn(device);
      let state = devicePut(start, device);
      const losses: number[] = [];
      for (let i = 0; i < 8; i++) {
        // A copy for the host at each step; a loop would make one now and then.
        const leaves = await Promise.all(tree.leaves(state).map((x) => (x as Tensor).array()));
        if (i === loseAt) {
          device.destroy();
          await expect(state.w.ready()).rejects.toThrow(/was destroyed/);
          device = await gpuDevice();
          step = stepOn(device);
          const [n, w] = [tensor(leaves[Object.keys(state).sort().indexOf('n')] as number, { dtype: 'int32' }), tensor(leaves[Object.keys(state).sort().indexOf('w')] as number[][])]; // prettier-ignore
          state = devicePut({ w, n }, device);
        }
        const [next, value] = step(state);
        state = next;
        losses.push((await value.item()) as number);
      }
      expect(await state.n.item()).toBe(8);
      return losses;
    };
    expect(await train(4)).toEqual(await train(-1));
  });
});

describe('effects', () => {
  const device = gpuDevice();
  const lines = (): string[] => {
    const out: string[] = [];
    vi.spyOn(console, 'log').mockImplementation((x: string) => void out.push(x));
    return out;
  };

  test('come in the order of the program, and of programs, before the result is there', async () => {
    const out = lines();
    const f = jit(
      (x: Tensor) => {
        debug.print('x', x);
        const y = mul(x, 2);
        debug.print('y', { y, n: sum(y) });
        return y.add(1);
      },
      { device: await device },
    );
    const a = f(tensor([1, 2]));
    const b = f(a);
    await b.ready();
    expect(out).toEqual(['x [1, 2]', 'y { n: 6, y: [2, 4] }', 'x [3, 5]', 'y { n: 16, y: [6, 10] }']);
  });

  test('in loops and branches, once for each time that they are run', async () => {
    const out = lines();
    const f = jit(
      (x: Tensor) => {
        const [total] = scan((c: Tensor, v: Tensor) => { debug.print('scan', v); return [add(c, v), null]; }, tensor(0), x); // prettier-ignore
        const chosen = cond(total.greater(3), (t: Tensor) => { debug.print('yes', t); return t; }, (t: Tensor) => { debug.print('no', t); return t.neg(); }, total); // prettier-ignore
        return whileLoop((c: Tensor) => c.less(20), (c: Tensor) => { debug.print('while', c); return c.mul(2); }, chosen); // prettier-ignore
      },
      { device: await device },
    );
    expect(await f(tensor([1, 2, 3])).item()).toBe(24);
    expect(out).toEqual(['scan 1', 'scan 2', 'scan 3', 'yes 6', 'while 6', 'while 12']);
  });

  test('an exception is the failure of the results', async () => {
    const f = jit(
      (x: Tensor) => {
        debug.callback(() => {
          throw new RangeError('mine');
        }, x);
        return x.add(1);
      },
      { device: await device },
    );
    await expect(f(tensor([1])).data()).rejects.toThrow(new RangeError('mine'));
    expect(await add(devicePut(tensor([1]), await device), 1).array()).toEqual([2]);
  });
});

describe('pureCallback', () => {
  const device = gpuDevice();
  const median = (x: Tensor): Tensor => tensor(Float32Array.from(x.dataSync()).sort()[1]!);
  const call = (x: Tensor): Tensor => pureCallback(median, { shape: [], dtype: 'float32' }, [x]);

  test('splits a program, and what follows waits for it', async () => {
    const f = jit((x: Tensor) => call(x.mul(2)).add(x), { device: await device });
    const g = jit((x: Tensor) => x.sub(1), { device: await device });
    expect(await g(f(tensor([5, 2, 3]))).array()).toEqual([10, 7, 8]);
    expect(explain(f)(tensor([5, 2, 3])).toString()).toMatch(/pureCallback\(median\).*splits the program/);
  });

  test('in loops and branches', async () => {
    const seen: number[] = [];
    const note = (x: Tensor): Tensor => {
      seen.push(x.itemSync() as number);
      return tensor((x.itemSync() as number) * 2);
    };
    const twice = (x: Tensor): Tensor => pureCallback(note, { shape: [], dtype: 'float32' }, [x]);
    const f = jit(
      (xs: Tensor) => {
        const [total, ys] = scan((c: Tensor, v: Tensor) => [add(c, v), twice(v)], tensor(0), xs);
        const chosen = cond(total.greater(100), twice, (t: Tensor) => t.add(1), total);
        return [whileLoop((c: Tensor) => c.less(20), twice, chosen), ys] as const;
      },
      { device: await device },
    );
    const [last, ys] = f(tensor([1, 2, 3]));
    expect([await last.item(), await ys.array()]).toEqual([28, [2, 4, 6]]);
    expect(seen).toEqual([1, 2, 3, 7, 14]);
  });

  test('an exception, or a result of another shape, is the failure of the results', async () => {
    const bad = (f: (x: Tensor) => Tensor) => async (): Promise<unknown> =>
      jit((x: Tensor) => pureCallback(f, { shape: [], dtype: 'float32' }, [x]).add(1), { device: await device })(tensor([1])).data(); // prettier-ignore
    await expect(bad(() => { throw new RangeError('mine'); })()).rejects.toThrow(new RangeError('mine')); // prettier-ignore
    await expect(bad(() => tensor([1, 2]))()).rejects.toThrow(/pureCallback: the function returned .*float32\[2\]/);
  });
});
