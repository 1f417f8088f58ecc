// The GPU device as a device: one submission a program, pending results, memory, donation, and what it refuses.
import { describe, expect, test } from 'vitest';
import {
  blockUntilReady,
  concatenate,
  debug,
  devicePut,
  fromTypedArray,
  jit,
  ones,
  sin,
  stack,
  tensor,
  type Tensor,
} from '../../src/index.ts';
import * as nn from '../../src/nn/index.ts';
import { createWebGpuDevice } from '../../src/wgsl/device.ts';
import { testGpuDevice } from '../setup/swiftshader.ts';
import { agree, changed, gpuDevice } from './device.ts';

const real = await testGpuDevice();

const limitsOf = (gpu: GPUDevice): Record<string, number> => {
  const all: Record<string, number> = {};
  for (const name in gpu.limits) all[name] = gpu.limits[name as keyof GPUSupportedLimits] as number;
  return all;
};

const device = await gpuDevice();

describe('a call', () => {
  test('is one encoder, one pass and one submission, and makes no bind group twice', async () => {
    const counts = { encoders: 0, passes: 0, submits: 0, groups: 0, buffers: 0 };
    const gpu = createWebGpuDevice(
      changed(real, {
        createCommandEncoder: () => {
          counts.encoders++;
          const encoder = real.createCommandEncoder();
          const begin = encoder.beginComputePass.bind(encoder);
          encoder.beginComputePass = (...args) => {
            counts.passes++;
            return begin(...args);
          };
          return encoder;
        },
        createBindGroup: (d: GPUBindGroupDescriptor) => {
          counts.groups++;
          return real.createBindGroup(d);
        },
        createBuffer: (d: GPUBufferDescriptor) => {
          counts.buffers++;
          return real.createBuffer(d);
        },
        queue: {
          submit: (c: GPUCommandBuffer[]) => {
            counts.submits++;
            real.queue.submit(c);
          },
          writeBuffer: (...args: Parameters<GPUQueue['writeBuffer']>) => real.queue.writeBuffer(...args),
          onSubmittedWorkDone: () => real.queue.onSubmittedWorkDone(),
        },
      }),
    );
    const step = jit((w: Tensor, x: Tensor) => w.sub(nn.softmax(x.mul(w)).sum({ axis: 0 }).mul(0.1)), {
      device: gpu,
      donate: 0,
    });
    const x = devicePut(ones([4, 8]), gpu);
    let w = devicePut(ones([8]), gpu);
    w = step(w, x);
    await blockUntilReady(w);
    w = step(w, x);
    Object.assign(counts, { encoders: 0, passes: 0, submits: 0, groups: 0, buffers: 0 });
    for (let i = 0; i < 5; i++) w = step(w, x);
    expect(counts).toEqual({ encoders: 5, passes: 5, submits: 5, groups: 0, buffers: 0 });
    expect((await w.data()).every(Number.isFinite)).toBe(true);
  });

  test('returns at once, and results that wait for shaders can be computed with', async () => {
    const f = jit((x: Tensor) => x.add(1), { device });
    const g = jit((x: Tensor) => x.mul(3), { device });
    expect(await g(f(f(tensor([1, 2])))).array()).toEqual([9, 12]);
  });

  test('that the compiler refuses fails where a result is read, also a result of the result', async () => {
    const gpu = createWebGpuDevice(
      changed(real, { createComputePipelineAsync: () => Promise.reject(new Error('no such thing')) }),
    );
    const y = jit((x: Tensor) => x.add(1), { device: gpu })(tensor([1, 2]));
    const z = jit((x: Tensor) => x.mul(2), { device: gpu })(y);
    await expect(y.data()).rejects.toThrow(/add: the GPU's compiler refused the kernel: no such thing/);
    await expect(z.ready()).rejects.toThrow(/refused the kernel/);
  });

  test('splits what would bind more buffers than the GPU has', async () => {
    const few = createWebGpuDevice(
      changed(real, { limits: { ...limitsOf(real), maxStorageBuffersPerShaderStage: 4 } }),
    );
    const xs = Array.from({ length: 7 }, (_, i) => tensor([i, i + 0.5, -i]));
    await agree(few, (...ys: readonly Tensor[]) => ys.reduce((a, b) => a.mul(0.5).add(b)), xs);
    await agree(few, (...ys: readonly Tensor[]) => concatenate(ys), xs);
    await agree(few, (...ys: readonly Tensor[]) => stack(ys.map(sin), 1).sum({ axis: 0 }), xs);
    await agree(few, (...ys: readonly Tensor[]) => ys.map((y, i) => y.mul(i)), xs);
  });

  test('of a kernel that cannot be split is an error that names it', () => {
    const few = createWebGpuDevice(
      changed(real, { limits: { ...limitsOf(real), maxStorageBuffersPerShaderStage: 2 } }),
    );
    const plus = jit((x: Tensor, y: Tensor) => x.add(y), { device: few });
    expect(() => plus(tensor([1]), tensor([2]))).toThrow(
      /add: this kernel touches 3 buffers, and the GPU binds at most 2/,
    );
  });
});

describe('memory', () => {
  test('stays where it is when a step donates', async () => {
    const step = jit((w: Tensor) => w.mul(0.5).add(1), { device, donate: 0 });
    let w = devicePut(ones([1000]), device);
    w = step(w);
    await w.ready();
    const { used, made } = device.memory();
    for (let i = 0; i < 50; i++) w = step(w);
    expect(device.memory()).toMatchObject({ used, made });
    expect((await w.data())[0]).toBeCloseTo(2, 5);
  });

  test('is reused once values are disposed of', async () => {
    const f = jit((x: Tensor) => x.add(1), { device });
    const x = devicePut(ones([5000]), device);
    const first = f(x);
    await first.ready();
    first.dispose();
    const { made } = device.memory();
    for (let i = 0; i < 20; i++) f(x).dispose();
    expect(device.memory().made).toBe(made);
    await expect(first.data()).rejects.toThrow(/it was disposed/);
  });

  test('beyond the budget is an error that names ways out', async () => {
    const small = await gpuDevice({ budget: 100_000 });
    const f = jit((x: Tensor) => x.add(1), { device: small });
    const kept: Tensor[] = [];
    expect(() => {
      for (let i = 0; i < 100; i++) kept.push(f(devicePut(ones([2000]), small)));
    }).toThrow(/budget of 100000 bytes.*await a result.*donate.*dispose/s);
  });

  test('values are (buffer, offset, length)', () => {
    const { storage } = devicePut(ones([3]), device) as unknown as { readonly storage: object };
    expect(storage).toMatchObject({ length: 3, bytes: 12 });
    expect((storage as { readonly offset: number }).offset % 256).toBe(0);
  });
});

describe('what goes in and out', () => {
  test('results that are arguments, twice, are values of their own', async () => {
    const f = jit((x: Tensor, y: Tensor) => [x, y.add(1), x] as const, { device });
    const x = devicePut(tensor([1, 2]), device);
    const [a, b, c] = f(x, tensor([3, 4]));
    a.dispose();
    expect([await b.array(), await c.array(), await x.array()]).toEqual([
      [4, 5],
      [1, 2],
      [1, 2],
    ]);
  });

  test('bools, integers and numbers keep their dtypes', async () => {
    const f = jit((x: Tensor, n: number) => [x.greater(2), x.mul(n), n] as const, { device, maxTraces: 1 });
    const x = tensor([1, 2, 3], { dtype: 'int32' });
    const [a, b, n] = f(x, 3);
    expect([a.dtype, await a.array(), b.dtype, await b.array()]).toEqual([
      'bool',
      [false, false, true],
      'float32',
      [3, 6, 9],
    ]);
    expect([await (n as unknown as Tensor).item(), (n as unknown as Tensor).dtype]).toEqual([3, 'float32']);
    expect(await f(x, 5)[1].array()).toEqual([5, 10, 15]);
  });

  test('a changed array of the caller changes nothing', async () => {
    const data = Float32Array.of(1, 2, 3);
    const x = devicePut(fromTypedArray(data), device);
    data[0] = 9;
    expect(await x.array()).toEqual([1, 2, 3]);
  });

  test('reading at once says what to use instead', () => {
    const y = jit((x: Tensor) => x.add(1), { device })(tensor([1]));
    expect(() => y.dataSync()).toThrow(/await x.data\(\)/);
    expect(String(y)).toMatch(/Tensor float32\[1\] on webgpu/);
  });

  test('float64 is refused by name', () => {
    const x = tensor([1, 2], { dtype: 'float64' });
    expect(() => jit((z: Tensor) => z.add(1), { device })(x)).toThrow(/float64, which WebGPU does not have/);
    expect(() => devicePut(x, device)).toThrow(/float64, which WebGPU does not have/);
  });

  test('values of two devices do not mix', async () => {
    const other = await gpuDevice();
    const [x, y] = [devicePut(ones([3]), device), devicePut(ones([3]), other)];
    expect(() => jit((a: Tensor, b: Tensor) => a.add(b))(x, y)).toThrow(/devicePut/);
  });
  test('float64 is not put there, whatever its size', () => {
    for (const x of [tensor([1], { dtype: 'float64' }), tensor([1, 2], { dtype: 'float64' })])
      expect(() => devicePut(x, device)).toThrow(/float64, which WebGPU does not have.*astype/);
  });
  test('the search for NaN says where it can look', () => {
    expect(() => debug.nans((a: Tensor) => a.log())(devicePut(tensor([-1]), device))).toThrow(/debug.nans.*devicePut/s);
  });
});
