// Checkpoints: a tree comes back bit for bit, and one that does not fit its template names every mismatch.
import fc from 'fast-check';
import { either as E } from 'fp-ts';
import { describe, expect, it } from 'vitest';
import { copyIn } from '../../src/core/host.ts';
import type { Tensor } from '../../src/core/tensor.ts';
import { asStatic, treeNode, type TreeNodeType } from '../../src/core/tree.ts';
import {
  arraysToTree,
  decodeCheckpoint,
  decodeSafetensors,
  encodeCheckpoint,
  fromHost,
  IoError,
  MismatchError,
  orThrow,
  toHost,
  treeToArrays,
  type HostArray,
} from '../../src/io/index.ts';
import { Key, key } from '../../src/random/index.ts';
import { bitsOf, hostArray, spoiled } from './arbitraries.ts';

const f32 = (shape: readonly number[], start = 0): Tensor => {
  const n = shape.reduce((a, b) => a * b, 1);
  return copyIn(
    'test',
    Float32Array.from({ length: n }, (_, i) => start + i),
    shape,
  );
};
const save = async (tree: unknown): Promise<Uint8Array> => orThrow(await encodeCheckpoint(tree)());

/** A value type of the library's kind, as random keys are: it hands out a tensor and is rebuilt from one. */
class Boxed {
  readonly child: Tensor;
  constructor(child: Tensor) {
    this.child = child;
  }
  get [treeNode](): { type: TreeNodeType; child: unknown } {
    return { type: boxed, child: this.child };
  }
}
const boxed: TreeNodeType = { name: 'Boxed', rebuild: (child: never) => new Boxed(child) };

describe('a checkpoint', () => {
  it('brings tensors, numbers, value types and structure back', async () => {
    const tree = {
      params: { layers: [{ w: f32([2, 3]), b: f32([3], 9) }] as const, name: 'mlp' },
      step: 12345.5,
      key: new Boxed(copyIn('test', Uint32Array.of(0, 4294967295), [2])),
      bias: null,
      train: true,
      activation: Math.tanh,
      size: asStatic(3),
    };
    const template = {
      ...tree,
      params: { layers: [{ w: f32([2, 3], 5), b: f32([3]) }] as const, name: 'mlp' },
      step: 0,
      key: new Boxed(copyIn('test', Uint32Array.of(1, 1), [2])),
    };
    const back = orThrow(decodeCheckpoint(await save(tree), template));
    expect(back.params.layers[0].w.arraySync()).toEqual([
      [0, 1, 2],
      [3, 4, 5],
    ]);
    expect(back.params.layers[0].b.arraySync()).toEqual([9, 10, 11]);
    expect(back.key.child.arraySync()).toEqual([0, 4294967295]);
    expect([back.step, back.params.name, back.bias, back.train, back.activation]).toEqual([
      12345.5,
      'mlp',
      null,
      true,
      Math.tanh,
    ]);
  });

  it('holds random keys', async () => {
    const back = orThrow(decodeCheckpoint(await save({ key: key(7) }), { key: key(0) }));
    expect(back.key).toBeInstanceOf(Key);
    expect(back.key.words.arraySync()).toEqual([0, 7]);
  });

  it('names leaves as PyTorch does, and is a plain safetensors file', async () => {
    const bytes = await save({ layers: [{ w: f32([1]) }, { w: f32([2]) }], step: 1 });
    expect([...orThrow(decodeSafetensors(bytes)).tensors.keys()]).toEqual(['step', 'layers.0.w', 'layers.1.w']);
  });

  it('of any arrays is exact', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(fc.constantFrom('a', 'b', '0', '__proto__', 'c d'), hostArray, { maxKeys: 4 }),
        async (arrays) => {
          const tree = Object.fromEntries(Object.entries(arrays).map(([k, a]) => [k, fromHost(a)]));
          const back = orThrow(decodeCheckpoint(await save(tree), tree));
          expect(Object.keys(back).sort()).toEqual(Object.keys(arrays).sort());
          for (const [k, a] of Object.entries(arrays)) {
            const host = await toHost(back[k] as Tensor);
            expect([host.dtype, host.shape, bitsOf(host)]).toEqual([a.dtype, a.shape, bitsOf(a)]);
          }
        },
      ),
    );
  });

  it('looks at no value of the template, so that a donated one will do', async () => {
    const template = { w: f32([2]) };
    const bytes = await save({ w: f32([2], 7) });
    template.w.dispose();
    expect(orThrow(decodeCheckpoint(bytes, template)).w.arraySync()).toEqual([7, 8]);
  });

  it('is refused where two leaves would have one name', async () => {
    const result = await encodeCheckpoint({ 'a.b': f32([1]), a: { b: f32([1]) } })();
    expect(E.isLeft(result) && result.left.message).toBe(
      'checkpoint: two leaves of the tree have one name (leaf "a.b"). Rename a key that holds a dot',
    );
  });
});

describe('a checkpoint that does not fit', () => {
  it('names every mismatch at once', async () => {
    const bytes = await save({
      a: f32([2, 3]),
      b: copyIn('t', Int32Array.of(1), [1]),
      c: f32([4]),
      d: f32([]),
      old: f32([2]),
      mode: 'relu',
      same: true,
    });
    const template = {
      a: f32([3, 2]),
      b: f32([1]),
      c: copyIn('t', Int32Array.of(1, 2), [2]),
      d: f32([]),
      fresh: f32([5]),
      mode: 'tanh',
      same: true,
    };
    const result = decodeCheckpoint(bytes, template as unknown as Record<string, Tensor>);
    if (E.isRight(result)) throw new Error('it fitted');
    expect(result.left).toBeInstanceOf(MismatchError);
    expect(result.left.in('run/best.safetensors').message).toMatchInlineSnapshot(`
      "checkpoint: it does not fit the template (run/best.safetensors, 7 mismatches:
        a: shape [2, 3], expected [3, 2]
        b: dtype int32, expected float32
        c: shape [4], expected [2]
        c: dtype float32, expected int32
        fresh: missing, expected float32 [5]
        old: not expected, found float32 [2]
        mode: "relu" when it was saved, expected "tanh"
      )"
    `);
    expect((result.left as MismatchError).mismatches.map((m) => [m.kind, m.name])).toEqual([
      ['shape', 'a'],
      ['dtype', 'b'],
      ['shape', 'c'],
      ['dtype', 'c'],
      ['missing', 'fresh'],
      ['extra', 'old'],
      ['static', 'mode'],
    ]);
  });

  it('may hold more than the template asks for, where that is said', async () => {
    const file = orThrow(await treeToArrays({ a: f32([2]), head: f32([3]) })());
    expect(E.isLeft(arraysToTree(file, { a: f32([2]) }))).toBe(true);
    expect(orThrow(arraysToTree(file, { a: f32([2]) }, { extra: 'ignore' })).a.shape).toEqual([2]);
  });

  it('finds exactly the names that differ, whatever they are', () => {
    const names = fc.uniqueArray(fc.constantFrom(...'abcdefgh'), { maxLength: 8 });
    fc.assert(
      fc.property(names, names, (saved, wanted) => {
        const tree = (list: readonly string[]): Record<string, Tensor> =>
          Object.fromEntries(list.map((name) => [name, f32([1])]));
        const tensors = new Map(
          saved.map((name): [string, HostArray] => [name, { dtype: 'float32', shape: [1], data: Float32Array.of(0) }]),
        );
        const result = arraysToTree({ tensors, metadata: {} }, tree(wanted));
        const found = E.isLeft(result)
          ? (result.left as MismatchError).mismatches.map((m) => `${m.kind} ${m.name}`)
          : [];
        const missing = wanted.filter((n) => !saved.includes(n)).map((n) => `missing ${n}`);
        const extra = saved.filter((n) => !wanted.includes(n)).map((n) => `extra ${n}`);
        expect(found.sort()).toEqual([...missing, ...extra].sort());
      }),
    );
  });

  it('never throws on spoiled bytes', async () => {
    const tree = { a: f32([2]), b: { c: copyIn('t', Uint8Array.of(1, 0), [2]) }, mode: 'x', step: 1 };
    fc.assert(
      fc.property(spoiled(await save(tree)), (bytes) => {
        const result = decodeCheckpoint(bytes, tree);
        if (E.isLeft(result)) expect(result.left).toBeInstanceOf(IoError);
      }),
      { numRuns: 1000 },
    );
  });
});
