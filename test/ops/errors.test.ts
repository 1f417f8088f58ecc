// Errors of shapes, joins and contractions: each says what is wrong and how it would be right.
import { describe, expect, it } from 'vitest';
import * as c from '../../src/index.ts';

const t = (...shape: number[]): c.Tensor => c.ones(shape);

const wrong: Record<string, readonly [() => unknown, RegExp]> = {
  'reshape to another size': [
    () => c.reshape(t(2, 3), [4]),
    /cannot view \[2, 3\] \(6 elements\) as \[4\] \(4 elements\)/,
  ],
  'reshape with two open sizes': [() => c.reshape(t(2, 3), [-1, -1]), /only one size may be -1/],
  'reshape with an impossible open size': [() => c.reshape(t(2, 3), [4, -1]), /6 is not a multiple of 4/],
  'transpose by no permutation': [() => c.transpose(t(2, 3), [0, 0]), /not a permutation of the 2 axes/],
  'squeeze of a size': [() => c.squeeze(t(2, 1), 0), /axis 0 of \[2, 1\] has size 2/],
  'an axis out of range': [() => c.expandDims(t(2), 3), /out of range for rank 2/],
  'concatenate of other shapes': [
    () => c.concatenate([t(2, 3), t(2, 4)]),
    /element 1 has shape \[2, 4\], element 0 \[2, 3\]/,
  ],
  'concatenate of nothing': [() => c.concatenate([]), /at least one tensor/],
  'concatenate of scalars': [() => c.concatenate([t(), t()]), /use stack/],
  'stack of other shapes': [() => c.stack([t(2), t(3)]), /all must be equal/],
  'split that leaves a rest': [() => c.split(t(5), 2), /use arraySplit/],
  'split sizes that do not add up': [() => c.split(t(5), { sizes: [2, 2] }), /add up to 5/],
  'pad by one number too few': [() => c.pad(t(2, 2), [[1, 1]]), /widths for 1 axes, x has 2/],
  'pad in an unknown mode': [() => c.pad(t(2), 1, { mode: 'mirror' as 'edge' }), /unknown mode 'mirror'/],
  'pad of nothing by its edge': [() => c.pad(t(0), 1, { mode: 'edge' }), /is empty/],
  'tile by a fraction': [() => c.tile(t(2), 1.5), /integers >= 0/],
  'repeat by other counts': [() => c.repeat(t(2), [1, 2, 3], 0), /3 counts for the 2 elements/],
  'topK of too many': [() => c.topK(t(2), 3), /k = 3 must be an integer from 0 to 2/],
  'sort of a scalar': [() => c.sort(t()), /scalar/],
  'a slice with step 0': [() => c.slice(t(3), [0, 3, 0]), /step must not be 0/],
  'a slice with a fraction': [() => c.slice(t(3), [0.5, 2]), /integers or null/],
  'two ellipses': [() => c.slice(t(3), '...', '...'), /at most one '\.\.\.'/],
  'fractions put into integers': [() => c.at(c.tensor([1, 2], 'int32'), 0).set(0.5), /cannot hold them/],
  'a static slice that does not fit': [() => c.dynamicSlice(t(4), [3], [2]), /start 3 with size 2 does not fit/],
  'a float start': [() => c.dynamicSlice(t(4), [c.tensor(1)], [2]), /integer scalar/],
  'nonzero under jit without a size': [() => c.jit((x: c.Tensor) => c.nonzero(x))(t(3)), /pass \{ size \}/],
  'segmentSum under jit without a size': [
    () => c.jit((x: c.Tensor, i: c.Tensor) => c.segmentSum(x, i))(t(2), c.tensor([0, 1], 'int32')),
    /numSegments/,
  ],
  'tensordot over other sizes': [
    () => c.tensordot(t(2, 3), t(2, 3), 1),
    /axis 1 of x \[2, 3\] is 3, axis 0 of y \[2, 3\] is 2/,
  ],
  'dotGeneral with an axis twice': [
    () => c.dotGeneral(t(2, 2), t(2, 2), { contract: [[0], [0]], batch: [[0], [0]] }),
    /named twice/,
  ],
  'einsum with too few operands': [() => c.einsum('ij,jk->ik', t(2, 3)), /2 operands and 1 were given, in 'ij,jk->ik'/],
  'einsum with an unknown output': [() => c.einsum('ij->ik', t(2, 3)), /output axis 'k' is in no operand/],
  'einsum with an output twice': [() => c.einsum('ij->ii', t(2, 3)), /'i' appears twice/],
  'einsum with other sizes': [
    () => c.einsum('ij,jk', t(2, 3), t(2, 3)),
    /axis 'j' is 3 in one place and 2 in operand 1/,
  ],
  'einsum with another rank': [
    () => c.einsum('ijk', t(2, 3)),
    /operand 0 has shape \[2, 3\] with 2 axes, 'ijk' names 3/,
  ],
  'einsum with a stray character': [() => c.einsum('i1->i', t(2)), /unexpected character '1'/],
  'einsum with half an ellipsis': [() => c.einsum('..i->i', t(2)), /an ellipsis is '\.\.\.'/],
  'einsum that drops its ellipsis': [() => c.einsum('...i->i', t(2, 2)), /output has no '\.\.\.'/],
  'scatter mul with duplicates, differentiated': [
    () => c.grad((u: c.Tensor) => c.sum(c.scatter(t(2), c.tensor([0, 0], 'int32'), u, { op: 'mul' })))(t(2)),
    /all different; pass \{ unique: true \}/,
  ],
};

describe('a mistake is an error', () => {
  for (const [name, [f, message]] of Object.entries(wrong)) it(name, () => expect(f).toThrow(message));
});
