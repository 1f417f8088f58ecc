// The traps that other libraries fell into, each with the file and the name of the test that holds it; a test that is renamed or lost fails here.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const traps: Readonly<Record<string, readonly [file: string, name: string]>> = {
  'a compare on a traced value silently takes a branch': [
    'programs',
    'a JS operator on a tensor never takes a branch silently',
  ],
  'static functions collide in a cache key': ['programs', 'two static functions of one text are two signatures'],
  'NaN collides in a cache key': ['programs', 'static NaN, -0, 0 and Infinity are told apart'],
  "a cached program ignores a literal's dtype": [
    'programs',
    'a cached eager program does not ignore the type or value of a literal',
  ],
  'int + 0.5 stays int': ['values', 'an integer tensor plus 0.5 is float, not truncated'],
  'arange(0, 1, 0.25) of zeros': ['values', 'arange(0, 1, 0.25) is not all zeros'],
  'the sum of booleans is a boolean': ['values', 'the sum of booleans counts'],
  'trees paired by position': ['programs', 'are paired by name, never by position'],
  'ragged arrays accepted': ['values', 'ragged arrays are refused, with the place'],
  'out-of-range indices read element 0': ['indexing', 'an index out of range never reads element 0'],
  'argmax with NaN out of range': ['values', 'argmax and argmin with NaN point at the first NaN'],
  'a sequential sum of 10^7 elements is 9 % off': ['values', 'the float32 sum of 10^7 times 0.1 is right to 1e-6'],
  'x/y as x*(1/y)': ['values', 'x / y is the quotient, not x * (1 / y)'],
  'the gradient of sigmoid(-100) is NaN': ['derivatives', 'sigmoid far out'],
  'the gradient of softplus(100) is NaN': ['derivatives', 'softplus far out'],
  'the gradient of x^2 at 0 is NaN': ['derivatives', 'x^2 at 0'],
  'the gradient of prod with a zero is NaN': ['derivatives', 'prod with one zero'],
  'the gradient of take fails under jit': ['indexing', 'gradients of reads are the same eager and under jit'],
  'the gradient of sort fails under jit': ['programs', 'of sort'],
  'embeddings cannot be trained': ['indexing', 'an embedding trains under jit'],
  'enqueueing grows quadratically': [
    'programs',
    'cost the same at the end as at the start: a value does not hold the operations it came from',
  ],
  'a 200-kernel program allocates all intermediates at once': [
    'programs',
    'two hundred kernels share the memory of two or three values',
  ],
  'adding exp makes a SIMD kernel scalar': ['programs', 'exp, tanh or a division leaves no loop scalar'],
  'the gradient of x[0] is right eagerly and wrong under jit': ['programs', 'of x[0]'],
  'reverse over reverse is wrong at some sizes': ['derivatives', 'reverse over reverse at every class of size'],
  'second derivatives through exp, tanh and sigmoid are wrong': ['derivatives', 'second derivatives'],
  'the float32 mean of 2^25 ones is 0.5': ['values', 'the float32 mean of 2^25 ones is 1'],
  'log is off near 1': ['values', 'log is right near 1'],
  'tanh is off near 0': ['values', 'tanh is right near 0'],
  'sin is off near 1e5': ['values', 'sin is right near 1e5'],
  'a batched matmul against an unbatched matrix has no gradient': [
    'contractions',
    'a batched matmul against one matrix',
  ],
  'a transposed matmul is ten times slower than a plain one': ['contractions', 'is no kernel of its own'],
};

it.each(Object.entries(traps))('%s', (_, [file, name]) => {
  const text = readFileSync(new URL(`${file}.test.ts`, import.meta.url), 'utf8');
  expect(text.includes(`'${name}`) || text.includes(`"${name}`), `no test '${name}' in ${file}.test.ts`).toBe(true);
});
