// Random steps of loops: functions of a carry, a slice and closed-over values, over trees, that shrink to short printable code.
import fc from 'fast-check';
import { fromTypedArray, type Tensor } from '../src/index.ts';
import { Key } from '../src/random/index.ts';
import { fit, ops, whileOp, type Float, type Inner, type Kind, type Leaf } from './step-ops.ts';

export { library, plain, type Inner, type Leaf } from './step-ops.ts';

export interface Spec {
  readonly kind: Kind;
  readonly shape: readonly number[];
}
interface Instruction {
  readonly op: number;
  readonly a: number;
  readonly b: number;
}

/** Leaves as one of several trees of them, and back. */
interface Layout {
  readonly make: (xs: readonly Leaf[]) => unknown;
  readonly leaves: (tree: never) => Leaf[];
}
const names = ['z', 'y', 'x', 'w', 'v'];
const trees: readonly Layout[] = [
  {
    make: (xs) => (xs.length === 1 ? xs[0] : [...xs]),
    leaves: (t: Leaf | readonly Leaf[] | null) => (t === null ? [] : Array.isArray(t) ? [...t] : [t as Leaf]),
  },
  { make: (xs) => [...xs], leaves: (t: readonly Leaf[] | null) => [...(t ?? [])] },
  {
    make: (xs) => Object.fromEntries(xs.map((x, i) => [names[i]!, x])),
    leaves: (t: Record<string, Leaf> | null) => names.flatMap((n) => (t !== null && n in t ? [t[n]!] : [])),
  },
  {
    make: (xs) => ({ b: { inner: xs.slice(1), none: null }, a: [xs[0] ?? null] }),
    leaves: (t: { readonly a: readonly (Leaf | null)[]; readonly b: { readonly inner: readonly Leaf[] } } | null) =>
      t === null ? [] : [...t.a.filter((x) => x !== null), ...t.b.inner],
  },
];

export interface Step {
  readonly run: (
    inner: Inner,
    carry: readonly Leaf[],
    xs: readonly Leaf[],
    consts: readonly Leaf[],
  ) => [Leaf[], Leaf[]];
  readonly tree: (xs: readonly Leaf[]) => unknown;
  /** Leaves of such a tree, in the order that they were given in. */
  readonly leaves: (tree: unknown) => Leaf[];
  readonly carry: readonly Spec[];
  readonly xs: readonly Spec[];
  readonly consts: readonly Spec[];
  readonly toString: () => string;
}

const shape = fc.constantFrom<readonly number[]>([], [], [2], [5], [2, 3]);
const spec: fc.Arbitrary<Spec> = fc
  .record({ kind: fc.constantFrom<Kind>('float', 'float', 'float', 'int', 'bool', 'key'), shape })
  .map(({ kind, shape: s }) => (kind === 'key' ? { kind, shape: [] } : { kind, shape: s }));
export const carrySpecs: fc.Arbitrary<readonly Spec[]> = fc.array(spec, { minLength: 1, maxLength: 4 });
const nat = fc.nat({ max: 9 });

export interface StepOptions {
  /** Whether there are loops without reverse mode in it. */
  readonly whiles: boolean;
  /** What the carry is made of; drawn where it is not given. */
  readonly carry?: readonly Spec[];
  /** Whether it mostly reads and writes elements of its values: what happens in place where nothing else needs them. */
  readonly writes?: boolean;
  /** Of the floats in it; default float64. */
  readonly dtype?: Float;
}
const writing = ops.filter((o) => /at\(i\)|Slice|take|add|sin/.test(o.code));

export const step = (options: StepOptions): fc.Arbitrary<Step> => {
  const { dtype = 'float64' } = options;
  const all = options.whiles ? [...ops, whileOp, whileOp] : options.writes === true ? writing : ops;
  return fc
    .record({
      carry: options.carry === undefined ? carrySpecs : fc.constant(options.carry),
      xs: fc.array(spec, { maxLength: 3 }),
      consts: fc.array(spec, { maxLength: 2 }),
      code: fc.array(fc.record({ op: fc.nat({ max: all.length - 1 }), a: nat, b: nat }), { maxLength: 6 }),
      next: fc.array(nat, { minLength: 4, maxLength: 4 }),
      ys: fc.array(nat, { maxLength: 3 }),
      tree: fc.nat({ max: trees.length - 1 }),
    })
    .map(({ carry, xs, consts, code, next, ys, tree }): Step => {
      const pick = <A>(pool: readonly A[], n: number): A => pool[pool.length - 1 - (n % pool.length)]!;
      return {
        carry,
        xs,
        consts,
        tree: trees[tree]!.make,
        leaves: (t) => trees[tree]!.leaves(t as never),
        run: (inner, c, x, k) => {
          const pool: Leaf[] = [...c, ...x, ...k];
          for (const { op, a, b } of code as readonly Instruction[]) {
            const y = all[op]!.apply(pick(pool, a), pick(pool, b), inner, dtype);
            if (y !== undefined) pool.push(y);
          }
          return [carry.map((s, i) => fit(pick(pool, next[i]!), s.kind, s.shape, dtype)), ys.map((i) => pick(pool, i))];
        },
        toString: () => {
          const called = [
            ...carry.map((_, i) => `c${i}`),
            ...xs.map((_, i) => `x${i}`),
            ...consts.map((_, i) => `k${i}`),
          ];
          const show = (s: readonly Spec[]): string => s.map((v) => `${v.kind}[${v.shape.join()}]`).join(', ');
          const lines = code.map(({ op, a, b }, i) => {
            const line = `v${i} = ${all[op]!.code} where a = ${pick(called, a)}, b = ${pick(called, b)}`;
            called.push(`v${i}`);
            return line;
          });
          return [
            `carry ${show(carry)}; xs ${show(xs)}; consts ${show(consts)}; tree ${tree}`,
            ...lines,
            `next carry ${carry.map((_, i) => pick(called, next[i]!)).join(', ')}; ys ${ys.map((i) => pick(called, i)).join(', ')}`,
          ].join('\n');
        },
      };
    });
};

/** Values for leaves, with the axes `lead` in front. Keys are given as their words. */
export const valuesFor = (
  specs: readonly Spec[],
  lead: readonly number[],
  seed: number,
  dtype: Float = 'float64',
): Tensor[] =>
  specs.map(({ kind, shape: s }, k) => {
    const whole = [...lead, ...s, ...(kind === 'key' ? [2] : [])];
    const n = whole.reduce((a, b) => a * b, 1);
    const at = (i: number): number => (i * 0.7548776662 + (seed + k) * 0.5698402909 + 0.13) % 1;
    const data = Array.from({ length: n }, (_, i) => at(i));
    switch (kind) {
      case 'float':
        return fromTypedArray(
          dtype === 'float64'
            ? Float64Array.from(data, (v) => v * 3 - 1.5)
            : Float32Array.from(data, (v) => v * 3 - 1.5),
          whole,
        );
      case 'int':
        return fromTypedArray(
          Int32Array.from(data, (v) => Math.floor(v * 7) - 2),
          whole,
        );
      case 'bool':
        return fromTypedArray(
          Uint8Array.from(data, (v) => (v > 0.5 ? 1 : 0)),
          whole,
          { dtype: 'bool' },
        );
      case 'key':
        return fromTypedArray(
          Uint32Array.from(data, (v) => Math.floor(v * 2 ** 32)),
          whole,
        );
    }
  });
export const toLeaves = (specs: readonly Spec[], values: readonly Tensor[]): Leaf[] =>
  specs.map(({ kind }, i) => (kind === 'key' ? new Key(values[i]!) : values[i]!));
export const toTensors = (leaves: readonly Leaf[]): Tensor[] => leaves.map((x) => (x instanceof Key ? x.words : x));
