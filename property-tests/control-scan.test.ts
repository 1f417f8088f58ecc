// scan = the loop in JS, for random steps over trees of floats, integers, booleans and keys, under every transform.
import fc from 'fast-check';
import { describe, test } from 'vitest';
import { evalShape, scan, stack, unstack, zeros, type Tensor } from '../src/index.ts';
import type { ShapeDType } from '../src/jit/inspect.ts';
import { agree, forward, reverse, type F, type Transform } from './agree.ts';
import {
  library,
  plain,
  step,
  toLeaves,
  toTensors,
  valuesFor,
  type Leaf,
  type Step,
  type StepOptions,
} from './steps.ts';

/** FC_RUNS is meant for tests of 60 runs. */
const scaled = (n: number): number => Math.ceil((n * Number(process.env['FC_RUNS'] ?? 60)) / 60);

interface Loop {
  readonly s: Step;
  readonly length: number;
  readonly reverse: boolean;
  readonly unroll: number | boolean;
  readonly mask: number;
  readonly seed: number;
}
const loop = (options: StepOptions): fc.Arbitrary<Loop> =>
  fc.record({
    s: step(options),
    length: fc.constantFrom(3, 2, 1, 5),
    reverse: fc.boolean(),
    unroll: fc.constantFrom<number | boolean>(1, 2, 3, true, false),
    mask: fc.nat({ max: 63 }),
    seed: fc.nat({ max: 20 }),
  });

const parts = (s: Step, args: readonly Tensor[]): [Tensor[], Tensor[], Tensor[]] => [
  args.slice(0, s.carry.length),
  args.slice(s.carry.length, s.carry.length + s.xs.length),
  args.slice(s.carry.length + s.xs.length),
];
const argsOf = ({ s, length, seed }: Loop, dtype?: 'float32'): Tensor[] => [
  ...valuesFor(s.carry, [], seed, dtype),
  ...valuesFor(s.xs, [length], seed + 11, dtype),
  ...valuesFor(s.consts, [], seed + 23, dtype),
];

const asScan =
  ({ s, length, reverse: backwards, unroll }: Loop): F =>
  (...args) => {
    const [init, xs, consts] = parts(s, args);
    const k = toLeaves(s.consts, consts);
    const out = scan(
      (carry: unknown, x: unknown): [unknown, Leaf[]] => {
        const [next, ys] = s.run(library, s.leaves(carry), s.leaves(x), k);
        return [s.tree(next), ys];
      },
      s.tree(toLeaves(s.carry, init)),
      s.xs.length === 0 ? null : s.tree(toLeaves(s.xs, xs)),
      { reverse: backwards, unroll, length },
    );
    return toTensors([...s.leaves(out[0]), ...(out[1] as Leaf[])]);
  };
const asLoop =
  ({ s, length, reverse: backwards }: Loop): F =>
  (...args) => {
    const [init, xs, consts] = parts(s, args);
    let carry = toLeaves(s.carry, init);
    const slices = xs.map((x) => unstack(x));
    const ys = new Array<Leaf[]>(length);
    for (let n = 0; n < length; n++) {
      const i = backwards ? length - 1 - n : n;
      [carry, ys[i]] = s.run(
        plain,
        carry,
        toLeaves(
          s.xs,
          slices.map((x) => x[i]!),
        ),
        toLeaves(s.consts, consts),
      );
    }
    const rows = ys.map((y) => toTensors(y));
    return [...toTensors(carry), ...(rows[0] ?? []).map((_, j) => stack(rows.map((r) => r[j]!)))];
  };

/** No step: the carry as it is, and empty ys. */
const asNothing =
  (l: Loop): F =>
  (...args) => {
    const shapes = evalShape(asScan(l), ...args) as readonly ShapeDType[];
    const { length } = l.s.carry;
    return [...args.slice(0, length), ...shapes.slice(length).map((y) => zeros(y.shape, y.dtype))];
  };

describe('scan = the loop', () => {
  const check = (by: string, t: Transform, whiles: boolean): void => {
    test(by, () => {
      fc.assert(
        fc.property(loop({ whiles }), (l) => agree(by, t, l.mask, asScan(l), asLoop(l), argsOf(l))),
        { numRuns: scaled(10) },
      );
    });
  };
  Object.entries(forward).forEach(([by, t]) => check(by, t, true));
  Object.entries(reverse).forEach(([by, t]) => check(by, t, false));
});

const both = { ...forward, ...reverse };
const transforms = fc.constantFrom(...Object.keys(both));

test('scan of no steps', () => {
  fc.assert(
    fc.property(loop({ whiles: false }), transforms, (any, by) => {
      const l: Loop = { ...any, length: 0 };
      agree(`no steps: ${by}`, both[by]!, l.mask, asScan(l), asNothing(l), argsOf(l));
    }),
    { numRuns: scaled(20) },
  );
});

test('scan = the loop, where steps write into their carry', () => {
  const some = fc.constantFrom('value', 'value', 'vmap', 'vjp', 'jvp of grad');
  fc.assert(
    fc.property(loop({ whiles: false, writes: true }), some, (l, by) =>
      agree(`writes: ${by}`, both[by]!, l.mask, asScan(l), asLoop(l), argsOf(l)),
    ),
    { numRuns: scaled(20) },
  );
});

test('scan = the loop in float32', () => {
  fc.assert(
    fc.property(loop({ whiles: false, dtype: 'float32' }), transforms, (l, by) => {
      const args = argsOf(l, 'float32');
      agree(`float32: ${by}`, both[by]!, l.mask, asScan(l), asLoop(l), args, 1e-4);
    }),
    { numRuns: scaled(20) },
  );
});
