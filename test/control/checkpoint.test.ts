// checkpoint: the same function under every transform; what its policies keep and what the compiled program computes again.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import '../../src/index.ts';
import {
  add,
  checkpoint,
  checkpointName,
  checkpointPolicies,
  explain,
  grad,
  hvp,
  jit,
  jvp,
  linearize,
  matmul,
  mul,
  ones,
  savedResiduals,
  scan,
  sin,
  stack,
  sum,
  tanh,
  tensor,
  tree,
  valueAndGrad,
  vmap,
  zeros,
  type CheckpointPolicy,
  type Tensor,
} from '../../src/public.ts';
import { program } from '../../src/testing/program.ts';

type F = (x: Tensor, y: Tensor) => Tensor;

const plain: F = (x, y) => mul(checkpointName(sin(checkpointName(sin(x), 'inner')), 'outer'), y);
const policies: Record<string, CheckpointPolicy | undefined> = {
  'the default': undefined,
  everything: checkpointPolicies.everythingSaveable,
  dots: checkpointPolicies.dotsSaveable,
  'the inner name': checkpointPolicies.saveOnlyTheseNames('inner'),
  'all but the inner name': checkpointPolicies.saveAnythingExceptTheseNames('inner'),
};
const options = (policy: CheckpointPolicy | undefined): { policy?: CheckpointPolicy } =>
  policy === undefined ? {} : { policy };

const near = (a: unknown, b: unknown, tolerance = 1e-5): void => {
  const [p, q] = [a, b].map((t) => tree.leaves(t).flatMap((x) => Array.from(x.dataSync() as ArrayLike<number>)));
  expect(p!.length).toBe(q!.length);
  p!.forEach((v, i) => {
    if (Object.is(v, q![i]!)) return;
    expect(Math.abs(v - q![i]!)).toBeLessThanOrEqual(tolerance * Math.max(1, Math.abs(q![i]!)));
  });
};

const total =
  (f: F): F =>
  (x, y) =>
    sum(f(x, y));
const second = (f: F): F => grad((x: Tensor, y: Tensor) => sum(mul(grad(total(f))(x, y), sin(y)))) as F;
const loop =
  (f: F): F =>
  (x, y) =>
    sum(scan((c: Tensor, z: Tensor) => [f(c, z), c], x, stack([y, x, y]))[0]);

const transforms: Record<string, (f: F) => (x: Tensor, y: Tensor) => unknown> = {
  value: (f) => f,
  jit: (f) => jit(f),
  'value and grad': (f) => valueAndGrad(total(f), { argnums: [0, 1] }),
  'jit of grad': (f) => jit(grad(total(f), { argnums: [0, 1] })),
  'grad of jit': (f) => grad(total(jit(f)), { argnums: [0, 1] }),
  'grad of grad': second,
  'jit of grad of grad': (f) => jit(second(f)),
  'grad of grad of jit': (f) => second(jit(f)),
  'vmap of grad': (f) => vmap(grad(f)),
  'grad of vmap': (f) => (x, y) => grad((b: Tensor) => sum(vmap((a: Tensor) => f(a, b))(x)))(y),
  jvp: (f) => (x, y) => jvp(f, [x, y], [y, x]),
  linearize: (f) => (x, y) => linearize(f, x, y)[1](y, x),
  'hessian-vector product': (f) => (x, y) => jit((v: Tensor) => hvp((z: Tensor) => sum(f(z, y)))(x, v))(y),
  'grad of scan': (f) => grad(loop(f)),
  'jit of grad of scan': (f) => jit(grad(loop(f), { argnums: [0, 1] })),
  'grad of grad of scan': (f) => (x, y) => grad((z: Tensor) => sum(sin(grad(loop(f))(z, y))))(x),
  'inside another': (f) => grad(total(checkpoint((x: Tensor, y: Tensor) => sin(f(x, y))))),
};

describe('checkpoint(f) is f', () => {
  const [x, y] = [tensor([0.5, 1, 2]), tensor([1, -2, 3])];
  describe.each(Object.entries(transforms))('%s', (name, transform) => {
    it.each(Object.entries(policies))('saving %s', (_, policy) => {
      const f = checkpoint(plain, options(policy));
      const want = name === 'inside another' ? grad(total((a, b) => sin(plain(a, b))))(x, y) : transform(plain)(x, y);
      near(transform(f)(x, y), want);
    });
  });
  it.each(Object.entries(policies))('for random programs, saving %s', (_, policy) => {
    fc.assert(
      fc.property(program({ maxLength: 8 }), (p) => {
        const loss =
          (f: typeof p.run) =>
          (...xs: Tensor[]): Tensor =>
            f(...xs).reduce((s, v) => add(s, sum(v)), zeros([]));
        const argnums = p.shapes.map((__, i) => i);
        const run = checkpoint(p.run, options(policy));
        const xs = p.inputs('float64');
        const want = valueAndGrad(loss(p.run), { argnums })(...xs);
        near(valueAndGrad(loss(run), { argnums })(...xs), want, 1e-9);
        near(jit(valueAndGrad(loss(run), { argnums }))(...xs), want, 1e-9);
      }),
      { numRuns: 12 },
    );
  });
});

const layers = (w1: Tensor, w2: Tensor, w3: Tensor, x: Tensor): Tensor =>
  tanh(matmul(checkpointName(tanh(matmul(tanh(matmul(x, w1)), w2)), 'hidden'), w3));
const w = ones([16, 16]);

describe('residuals', () => {
  const kept = (policy?: CheckpointPolicy): readonly string[] =>
    savedResiduals(checkpoint(layers, options(policy)))(w, w, w, w).map((r) =>
      r.kind === 'computed' ? r.from.replace(/ at .*/, '') : r.from,
    );
  const args = ['argument [3]', 'argument [0]', 'argument [1]', 'argument [2]'].sort();
  const [computed, given] = [/^(?!argument)/, /^argument/].map(
    (r) => (list: readonly string[]) => list.filter((s) => r.test(s)).sort(),
  ) as [(l: readonly string[]) => string[], (l: readonly string[]) => string[]];

  it('by default: the arguments', () => expect([...kept()].sort()).toEqual(args));
  it('of dots: the products, and no argument that only they need', () => {
    const list = kept(checkpointPolicies.dotsSaveable);
    expect(computed(list)).toEqual(['result of dotGeneral', 'result of dotGeneral', 'result of dotGeneral']);
    expect(given(list)).toEqual(args);
  });
  it('of a name: what has it', () => {
    expect(computed(kept(checkpointPolicies.saveOnlyTheseNames('hidden')))).toEqual(["named 'hidden'"]);
    expect(computed(kept(checkpointPolicies.saveOnlyTheseNames('other')))).toEqual([]);
    expect(
      computed(
        kept(
          checkpointPolicies.saveFromBothPolicies(
            checkpointPolicies.saveOnlyTheseNames('hidden'),
            checkpointPolicies.saveOnlyTheseNames('other'),
          ),
        ),
      ),
    ).toEqual(["named 'hidden'"]);
  });
  it('of everything: as many as without checkpoint', () => {
    const plainly = savedResiduals(layers)(w, w, w, w);
    expect(kept(checkpointPolicies.everythingSaveable).length).toBe(plainly.length);
    expect(plainly.filter((r) => r.kind === 'argument').length).toBe(4);
  });
  it('of a policy of one’s own, which sees operations', () => {
    const seen = new Set<string>();
    const list = kept((op) => {
      seen.add(op.primitive);
      return op.primitive === 'tanh';
    });
    expect([...seen]).toContain('tanh');
    expect(computed(list)).toContain('result of tanh');
  });
  it('count what is closed over', () => {
    const list = savedResiduals(checkpoint((x: Tensor) => sin(matmul(x, w))))(w);
    expect(list.map((r) => r.kind).sort()).toEqual(['argument', 'captured']);
  });
});

describe('the compiled program', () => {
  const contractions = (policy: CheckpointPolicy | null): number => {
    const f = policy === null ? layers : checkpoint(layers, { policy });
    const loss = valueAndGrad((...ws: [Tensor, Tensor, Tensor, Tensor]) => sum(f(...ws)), { argnums: [0, 1, 2] });
    return explain(jit(loss))(w, w, w, w).kernels.filter((k) => k.kind === 'contract').length;
  };
  it('computes again what is not saved', () => {
    expect(contractions(null)).toBe(8);
    expect(contractions(checkpointPolicies.nothingSaveable)).toBe(11);
    expect(contractions(checkpointPolicies.dotsSaveable)).toBe(8);
    expect(contractions(checkpointPolicies.everythingSaveable)).toBe(8);
    expect(contractions(checkpointPolicies.saveOnlyTheseNames('hidden'))).toBe(10);
  });
  it('holds less at a time: a chain of checkpointed blocks keeps what goes between them', () => {
    const block = (x: Tensor): Tensor => {
      let y = x;
      for (let i = 0; i < 6; i++) y = tanh(matmul(y, w));
      return y;
    };
    const bytes = (f: (x: Tensor) => Tensor): number =>
      explain(jit(valueAndGrad((x: Tensor) => sum(f(f(f(f(x))))))))(w).arenaBytes;
    expect(bytes(checkpoint(block))).toBeLessThan(0.6 * bytes(block));
  });
});

describe('errors', () => {
  it('name what is wrong', () => {
    expect(() => checkpoint(3 as never)).toThrow(/needs a function/);
    expect(() => checkpoint(sin, { policies: () => true } as never)).toThrow(/no option 'policies'/);
    expect(() => checkpoint(sin, { policy: 'dots' } as never)).toThrow(/needs a function/);
  });
});
