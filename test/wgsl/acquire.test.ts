// Choosing a GPU: by one line, falling back only where asked to, and moving values to and from it.
import { afterAll, describe, expect, test, vi } from 'vitest';
import {
  add,
  blockUntilReady,
  defaultDevice,
  devicePut,
  devices,
  jit,
  memory,
  tensor,
  type Tensor,
} from '../../src/index.ts';
import { webgpuDeviceTask } from '../../src/node/index.ts';

const gpu = await devices.webgpu({ budget: 2 ** 28 });
afterAll(() => gpu.destroy());
const wasm = defaultDevice();

describe('devices.webgpu', () => {
  test('is a device that names its adapter', async () => {
    expect(gpu.kind).toBe('webgpu');
    expect(gpu.name).toMatch(/^webgpu \(.+\)$/);
    expect(memory(gpu)).toMatchObject({ budget: 2 ** 28, spilled: 0 });
    expect(await jit((x: Tensor) => x.mul(2), { device: gpu })(tensor([1, 2])).array()).toEqual([2, 4]);
  });

  test('says what was tried where there is none, as a promise and as a task', async () => {
    const tried = /^devices\.webgpu: got no WebGPU device; tried Dawn .* backend d3d12: no adapter.*driver/s;
    await expect(devices.webgpu({ backend: 'd3d12' })).rejects.toThrow(tried);
    expect(await webgpuDeviceTask({ backend: 'd3d12' })()).toMatchObject({
      _tag: 'Left',
      left: { name: 'DeviceError', message: expect.stringMatching(tried) as string },
    });
  });

  test('asks navigator.gpu where there is one, for any adapter after the one preferred', async () => {
    const requestAdapter = vi.fn().mockResolvedValue(null);
    vi.stubGlobal('navigator', { gpu: { requestAdapter } });
    await expect(devices.webgpu({ powerPreference: 'low-power' })).rejects.toThrow(/navigator\.gpu: no adapter found/);
    vi.unstubAllGlobals();
    expect(requestAdapter.mock.calls).toEqual([[{ powerPreference: 'low-power' }], []]);
  });
});

describe('devices.best', () => {
  test('is the GPU where there is one', async () => {
    const best = await devices.best();
    expect(best.kind).toBe('webgpu');
    if (best.kind === 'webgpu') best.destroy();
  });

  test('is the WebAssembly device where there is none, and tells why', async () => {
    const reasons: string[] = [];
    const best = await devices.best({ backend: 'd3d12', onFallback: (e) => reasons.push(e.message) });
    expect(best).toBe(wasm);
    expect(reasons).toEqual([expect.stringMatching(/got no WebGPU device/)]);
  });
});

describe('values', () => {
  test('made on the host go to the default device', async () => {
    defaultDevice(gpu);
    try {
      const y = add(tensor([1, 2]), 1);
      expect(String(y)).toMatch(/on webgpu/);
      expect(await y.array()).toEqual([2, 3]);
      expect(memory().residentValues).toBeGreaterThan(0);
    } finally {
      defaultDevice(wasm);
    }
  });

  test('go from a GPU to the CPU: at once for reading, after waiting for computing', async () => {
    const on = devicePut({ x: tensor([1, 2, 3]), n: tensor(7, { dtype: 'int32' }), b: tensor([true, false]) }, gpu);
    const off = devicePut(on, wasm);
    expect(() => add(off.x, 1)).toThrow(/devicePut: the value is still on its way from webgpu.*await blockUntilReady/s);
    expect(await devicePut(on.b, wasm).array()).toEqual([true, false]);
    await blockUntilReady(off);
    expect(add(off.x, 1).arraySync()).toEqual([2, 3, 4]);
    expect([off.n.dtype, off.n.itemSync(), off.b.arraySync()]).toEqual(['int32', 7, [true, false]]);
    expect(await devicePut(off.x, gpu).array()).toEqual([1, 2, 3]);
  });

  test('do not cross silently', () => {
    const x = devicePut(tensor([1, 2]), gpu);
    const y = add(tensor(new Array<number>(2000).fill(1)), 1);
    expect(() => y.add(x.sum())).toThrow(/two devices.*devicePut/s);
    expect(() => jit((a: Tensor) => a.add(1), { device: gpu })(y)).toThrow(/devicePut/);
    expect(() => jit((a: Tensor) => a.add(1), { device: gpu })(devicePut(tensor([1]), devices.reference()))).toThrow(/devicePut/); // prettier-ignore
  });
});
