// The matmul family of the golden vectors in terms of our operations.
import { add } from '../../src/core/ops/arithmetic.ts';
import { einsum } from '../../src/core/ops/einsum.ts';
import { dot, matmul, outer, tensordot } from '../../src/core/ops/matmul.ts';
import { transpose } from '../../src/core/ops/shape.ts';
import type { Tensor } from '../../src/core/tensor.ts';

type Inputs = Record<string, Tensor>;
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Op = (inputs: Inputs, params: any) => Inputs;

const numbered = (inputs: Inputs): Tensor[] => {
  const xs: Tensor[] = [];
  for (let i = 0; inputs[`x${i}`] !== undefined; i++) xs.push(inputs[`x${i}`]!);
  return xs;
};
const biased = (y: Tensor, b: Tensor | undefined): Inputs => ({ y: b === undefined ? y : add(y, b) });

export const ops: Record<string, Op> = {
  matmul: ({ a, b }) => ({ y: matmul(a!, b!) }),
  dot: ({ a, b }) => ({ y: dot(a!, b!) }),
  outer: ({ a, b }) => ({ y: outer(a!, b!) }),
  tensordot: ({ a, b }, { axes }: { axes: [number[], number[]] }) => ({ y: tensordot(a!, b!, axes) }),
  einsum: (inputs, { spec }: { spec: string }) => ({ y: einsum(spec, ...numbered(inputs)) }),
  linear: ({ x, w, b }) => biased(matmul(x!, transpose(w!)), b),
  bilinear: ({ x1, x2, w, b }) => biased(einsum('ni,oij,nj->no', x1!, w!, x2!), b),
};
