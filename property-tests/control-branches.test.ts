// cond and switch = the chosen branch, whileLoop = the loop in JS, foriLoop = reduce, map = vmap: for random bodies, under every transform.
import fc from 'fast-check';
import { describe, test } from 'vitest';
import {
  add,
  cond,
  foriLoop,
  fromTypedArray,
  less,
  map,
  stack,
  switchCase,
  unstack,
  where,
  whileLoop,
  type Tensor,
} from '../src/index.ts';
import { agree, forward, reverse, type F, type Transform } from './agree.ts';
import {
  carrySpecs,
  library,
  plain,
  step,
  toLeaves,
  toTensors,
  valuesFor,
  type Inner,
  type Leaf,
  type Step,
} from './steps.ts';

/** FC_RUNS is meant for tests of 60 runs. */
const scaled = (n: number): number => Math.ceil((n * Number(process.env['FC_RUNS'] ?? 60)) / 60);
const int = (n: number): Tensor => fromTypedArray(Int32Array.of(n), []);
const bool = (n: number): Tensor => fromTypedArray(Uint8Array.of(n), [], { dtype: 'bool' });

interface Bodies {
  /** Functions of the same operands. */
  readonly steps: readonly Step[];
  readonly index: number;
  readonly mask: number;
  readonly seed: number;
}
const bodies = (count: number, whiles: boolean): fc.Arbitrary<Bodies> =>
  carrySpecs.chain((carry) =>
    fc.record({
      steps: fc.array(step({ whiles, carry }), { minLength: count, maxLength: count }),
      index: fc.integer({ min: -1, max: count }),
      mask: fc.nat({ max: 63 }),
      seed: fc.nat({ max: 20 }),
    }),
  );
/** A number, the operands, and what each of the bodies closes over. */
const argsOf = ({ steps, seed }: Bodies, first: Tensor): Tensor[] => [
  first,
  ...valuesFor(steps[0]!.carry, [], seed),
  ...steps.flatMap((s, k) => valuesFor([...s.consts, ...s.xs], [], seed + 13 * k + 5)),
];
type Function = (inner: Inner, operands: readonly Leaf[]) => Leaf[];
/** The operands, and the bodies as functions of them. */
const apart = (
  { steps }: Bodies,
  args: readonly Tensor[],
): { readonly operands: Leaf[]; readonly fs: readonly Function[] } => {
  const { carry } = steps[0]!;
  let at = 1 + carry.length;
  return {
    operands: toLeaves(carry, args.slice(1, at)),
    fs: steps.map(({ run, consts, xs }) => {
      const k = toLeaves(consts, args.slice(at, (at += consts.length)));
      const x = toLeaves(xs, args.slice(at, (at += xs.length)));
      return (inner, operands) => run(inner, operands, x, k)[0];
    }),
  };
};

const check = (
  name: string,
  transforms: Readonly<Record<string, Transform>>,
  numRuns: number,
  drawn: fc.Arbitrary<Bodies>,
  f: (b: Bodies) => F,
  g: (b: Bodies) => F,
  first: (b: Bodies) => Tensor,
): void => {
  test(name, () => {
    fc.assert(
      fc.property(drawn, fc.constantFrom(...Object.keys(transforms)), (b, by) =>
        agree(`${name}: ${by}`, transforms[by]!, b.mask, f(b), g(b), argsOf(b, first(b))),
      ),
      { numRuns: scaled(numRuns) },
    );
  });
};

const condF =
  (b: Bodies): F =>
  (...args) => {
    const { operands, fs } = apart(b, args);
    const { tree, leaves } = b.steps[0]!;
    const branch =
      (f: Function) =>
      (t: unknown): unknown =>
        tree(f(library, leaves(t)));
    return toTensors(leaves(cond(args[0]!, branch(fs[0]!), branch(fs[1]!), tree(operands))));
  };
const chosen = (index: Tensor, results: readonly Tensor[][]): Tensor[] =>
  results.slice(1).reduce((y, r, k) => y.map((v, i) => where(less(index, k + 1), v, r[i]!)), results[0]!);
const condG =
  (b: Bodies): F =>
  (...args) => {
    const { operands, fs } = apart(b, args);
    const [yes, no] = fs.map((f) => toTensors(f(plain, operands)));
    return yes!.map((y, i) => where(args[0]!, y, no![i]!));
  };
const switchF =
  (b: Bodies): F =>
  (...args) => {
    const { operands, fs } = apart(b, args);
    const { tree, leaves } = b.steps[0]!;
    const branches = fs.map(
      (f) =>
        (t: unknown): unknown =>
          tree(f(library, leaves(t))),
    );
    return toTensors(leaves(switchCase(args[0]!, branches, tree(operands))));
  };
const switchG =
  (b: Bodies): F =>
  (...args) => {
    const { operands, fs } = apart(b, args);
    return chosen(
      args[0]!,
      fs.map((f) => toTensors(f(plain, operands))),
    );
  };

const whileF =
  (b: Bodies): F =>
  (...args) => {
    const { operands, fs } = apart(b, args);
    const { tree, leaves } = b.steps[0]!;
    const out = whileLoop(
      (c) => less(c.k as Tensor, args[0]!),
      (c) => ({ k: add(c.k as Tensor, 1), s: tree(fs[0]!(library, leaves(c.s))) }),
      { k: int(0), s: tree(operands) as unknown },
    );
    return toTensors(leaves(out.s));
  };
/** At most `most` steps of the first body, as many as the first argument says. */
const steps =
  (most: number) =>
  (b: Bodies): F =>
  (...args) => {
    const { operands, fs } = apart(b, args);
    const { carry } = b.steps[0]!;
    let state = toTensors(operands);
    for (let k = 0; k < most; k++) {
      const next = toTensors(fs[0]!(plain, toLeaves(carry, state)));
      state = state.map((x, i) => where(less(int(k), args[0]!), next[i]!, x));
    }
    return state;
  };
/** The first body, n times. */
const repeat =
  (n: number, b: Bodies): F =>
  (...args) => {
    const { operands, fs } = apart(b, args);
    return toTensors(Array.from({ length: n }).reduce<Leaf[]>((state) => fs[0]!(plain, state), operands));
  };
const foriF =
  (bounds: (b: Bodies, n: Tensor) => readonly [number | Tensor, number | Tensor]) =>
  (b: Bodies): F =>
  (...args) => {
    const { operands, fs } = apart(b, args);
    const { tree, leaves } = b.steps[0]!;
    const body = (_: Tensor, t: unknown): unknown => tree(fs[0]!(library, leaves(t)));
    return toTensors(leaves(foriLoop(...bounds(b, args[0]!), body, tree(operands))));
  };

const trips = (b: Bodies): number => Math.max(0, b.index);
const both = { ...forward, ...reverse };
const yes = (b: Bodies): Tensor => bool(b.index > 0 ? 1 : 0);
const number = (b: Bodies): Tensor => int(b.index);

describe('branches', () => {
  check('cond, forward', forward, 20, bodies(2, true), condF, condG, yes);
  check('cond, reverse', reverse, 30, bodies(2, false), condF, condG, yes);
  check('switch', both, 25, bodies(3, false), switchF, switchG, number);
});

describe('loops', () => {
  // The number of steps is up to two more where it is mapped over, and again where it is twice.
  check('whileLoop', forward, 40, bodies(1, true), whileF, steps(6), number);
  check(
    'foriLoop',
    both,
    40,
    bodies(1, false),
    foriF((b) => [2, 2 + trips(b)]),
    (b) => repeat(trips(b), b),
    number,
  );
  check(
    'foriLoop of tensors',
    forward,
    20,
    bodies(1, true),
    foriF((_, n) => [int(2), add(n, 2)]),
    steps(6),
    number,
  );
});

describe('map', () => {
  const cases = fc.record({
    s: step({ whiles: false }),
    length: fc.integer({ min: 1, max: 7 }),
    batchSize: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
    mask: fc.nat({ max: 63 }),
    seed: fc.nat({ max: 20 }),
  });
  test('= the stacked results', () => {
    fc.assert(
      fc.property(cases, fc.constantFrom(...Object.keys(both)), ({ s, length, batchSize, mask, seed }, by) => {
        const one = (inner: Inner, xs: readonly Leaf[], rest: readonly Tensor[]): Tensor[] => {
          const k = toLeaves(s.consts, rest.slice(0, s.consts.length));
          const [next, ys] = s.run(inner, xs, toLeaves(s.xs, rest.slice(s.consts.length)), k);
          return toTensors([...next, ...ys]);
        };
        const mapped: F = (...args) => {
          const xs = toLeaves(s.carry, args.slice(0, s.carry.length));
          const f = (x: unknown): Tensor[] => one(library, s.leaves(x), args.slice(s.carry.length));
          return map(f, s.tree(xs), batchSize === undefined ? {} : { batchSize }) as Tensor[];
        };
        const looped: F = (...args) => {
          const slices = args.slice(0, s.carry.length).map((x) => unstack(x));
          const rows = Array.from({ length }, (_, i) => {
            const xs = slices.map((x) => x[i]!);
            return one(plain, toLeaves(s.carry, xs), args.slice(s.carry.length));
          });
          return rows[0]!.map((_, j) => stack(rows.map((r) => r[j]!)));
        };
        agree(`map: ${by}`, both[by]!, mask, mapped, looped, [
          ...valuesFor(s.carry, [length], seed),
          ...valuesFor([...s.consts, ...s.xs], [], seed + 7),
        ]);
      }),
      { numRuns: scaled(40) },
    );
  });
});
