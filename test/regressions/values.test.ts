// Values that cannot be had: gone, traced, or on a GPU; what wants them says so by its own name, with the fix.
import { either as E } from 'fp-ts';
import { expect, test } from 'vitest';
import { jit, tensor, type Tensor } from '../../src/index.ts';
import { encodeCheckpoint, IoError, treeToArrays } from '../../src/io/index.ts';

test('a checkpoint of a value that is gone is a Left that names the leaf', async () => {
  const [w, b] = [tensor([1, 2]), tensor([3])];
  jit((x: Tensor) => x.add(1), { donate: 0 })(w);
  const tree = { params: { layers: [{ w, b }] } };
  for (const task of [encodeCheckpoint(tree), treeToArrays(tree)]) {
    const result = await task();
    expect(result).toMatchObject({ _tag: 'Left', left: { format: 'checkpoint', where: 'leaf "params.layers.0.w"' } });
    expect(E.isLeft(result) && result.left).toBeInstanceOf(IoError);
    expect(E.isLeft(result) && result.left.message).toMatch(/a value cannot be read: .*gone: .*donated/);
  }
});

test('a checkpoint of a traced value, or of no tree, is a Left', async () => {
  let traced: Tensor | undefined;
  jit((x: Tensor) => (traced = x).add(1))(tensor(1));
  expect(await encodeCheckpoint({ traced })()).toMatchObject({ _tag: 'Left', left: { where: 'leaf "traced"' } });
  const none = await encodeCheckpoint({ a: { at: new Map() } })();
  expect(E.isLeft(none) && none.left.message).toMatch(/not a tree of tensors and numbers \(.*a\.at/);
});
