// The identities of the transforms, over random programs: what each of them promises whatever the function is.
import fc from 'fast-check';
import { describe, test } from 'vitest';
import { devices, grad, jit, jvp, linearize, stack, sum, unstack, vmap, vjp, type Tensor } from '../src/index.ts';
import { add } from '../src/index.ts';
import { arbitraries, checkGrads, checkVjpAdjoint } from '../src/testing/index.ts';
import { onDevice, onReference } from '../test/backends/reference.ts';
import { expectClose } from './compare.ts';

const runs = Number(process.env['FC_RUNS'] ?? 40);
const property = (
  name: string,
  body: (p: arbitraries.RandomProgram) => void,
  options: Parameters<typeof arbitraries.program>[0] = {},
): void => {
  test(name, () => {
    fc.assert(fc.property(arbitraries.program(options), body), { numRuns: runs });
  });
};
const exact = devices.reference({ float64: true });
/** A scalar of everything a program returns. */
const scalar = (ys: readonly Tensor[]): Tensor => ys.map((y) => sum(y)).reduce((a, b) => add(a, b));

describe('values', () => {
  property('eager = reference', (p) =>
    expectClose(
      p.run(...p.inputs()),
      onReference(() => p.run(...p.inputs())),
      1e-5,
      'eager',
    ),
  );
  property('jit f = f', (p) => expectClose(jit(p.run)(...p.inputs()), p.run(...p.inputs()), 1e-5, 'jit'));
  property(
    'jit f = reference, in float64',
    (p) =>
      expectClose(
        jit(p.run)(...p.inputs('float64')),
        onReference(() => p.run(...p.inputs('float64'))),
        1e-12,
        'jit',
      ),
    { whiles: true },
  );
  property('jit of a gradient = the gradient', (p) => {
    const g = (...xs: Tensor[]): Tensor[] =>
      grad((...ys: Tensor[]) => scalar(p.run(...ys)), { argnums: xs.map((_, i) => i) })(...xs) as unknown as Tensor[];
    expectClose(
      jit(g)(...p.inputs('float64')),
      onReference(() => g(...p.inputs('float64'))),
      1e-10,
      'jit of grad',
    );
  });
  property('float32 stays near float64', (p) =>
    expectClose(
      jit(p.run)(...p.inputs()),
      onDevice(exact, () => jit(p.run)(...p.inputs())),
      1e-4,
      'float32',
    ),
  );
});

describe('vmap', () => {
  property(
    'vmap f = map f',
    (p) => {
      const copies = p.inputs('float64').map((x) => stack([x, x.mul(0.5), x.neg()]));
      const mapped = vmap(p.run)(...copies);
      const rows = [0, 1, 2].map((i) => p.run(...copies.map((c) => unstack(c)[i]!)));
      expectClose(
        mapped,
        rows[0]!.map((_, k) => stack(rows.map((r) => r[k]!))),
        1e-10,
        'vmap',
      );
    },
    { whiles: true },
  );
  property(
    'vmap over one argument',
    (p) => {
      const xs = p.inputs('float64');
      const inAxes = xs.map((_, i) => (i === 0 ? 0 : null));
      const first = stack([xs[0]!, xs[0]!.mul(-0.3)]);
      const mapped = vmap(p.run, { inAxes })(first, ...xs.slice(1));
      const rows = unstack(first).map((x) => p.run(x, ...xs.slice(1)));
      expectClose(
        mapped,
        rows[0]!.map((_, k) => stack(rows.map((r) => r[k]!))),
        1e-10,
        'vmap',
      );
    },
    { whiles: true },
  );
  property('vmap of grad = map of grad', (p) => {
    const g = (...xs: Tensor[]): Tensor => grad((...ys: Tensor[]) => scalar(p.run(...ys)))(...xs);
    const copies = p.inputs('float64').map((x) => stack([x, x.mul(0.5)]));
    expectClose(
      [vmap(g)(...copies)],
      [stack([0, 1].map((i) => g(...copies.map((c) => unstack(c)[i]!))))],
      1e-9,
      'vmap of grad',
    );
  });
});

describe('derivatives', () => {
  property("<w, J v> = <J' w, v>", (p) => checkVjpAdjoint(p.run, p.inputs('float64'), { rtol: 1e-8, atol: 1e-8 }));
  property(
    'grad = central differences',
    (p) => checkGrads(p.run, p.inputs('float64'), { modes: ['forward'], rtol: 1e-3, atol: 1e-3 }),
    { maxLength: 6 },
  );
  property(
    'jit of jvp = jvp',
    (p) => {
      const xs = p.inputs('float64');
      const ts = p.inputs('float64');
      const f = (...ys: Tensor[]): Tensor[] => jvp(p.run, ys, ts).flat();
      const want = onReference(() => f(...p.inputs('float64')));
      expectClose(jit(f)(...xs), want, 1e-9, 'jit of jvp');
    },
    { whiles: true },
  );
  property('linearize = jvp', (p) => {
    const xs = p.inputs('float64');
    const ts = xs.map((x) => x.mul(0.7).add(0.1));
    expectClose(linearize(p.run, ...xs)[1](...ts), jvp(p.run, xs, ts)[1], 1e-10, 'linearize');
  });
  property(
    'jvp of grad = grad of jvp',
    (p) => {
      const xs = p.inputs('float64');
      const ts = xs.map((x) => x.mul(0.7).add(0.1));
      const f = (...ys: Tensor[]): Tensor => scalar(p.run(...ys));
      const all = { argnums: xs.map((_, i) => i) };
      const a = jvp((...ys: Tensor[]) => grad(f, all)(...ys) as unknown as Tensor[], xs, ts)[1];
      const b = grad((...ys: Tensor[]) => jvp(f, ys, ts)[1], all)(...xs) as unknown as Tensor[];
      expectClose(a, b, 1e-8, 'second derivative');
    },
    { maxLength: 6 },
  );
  property('grad through jit = grad', (p) => {
    const xs = p.inputs('float64');
    const f = (g: (...ys: Tensor[]) => Tensor[]) =>
      vjp(g, ...xs)[1](g(...xs).map((y) => y.mul(0.5)) as never) as unknown as Tensor[];
    expectClose(f(jit(p.run)), f(p.run), 1e-9, 'vjp of jit');
  });
});

describe('donation', () => {
  property('changes nothing', (p) => {
    const plain = jit(p.run)(...p.inputs());
    const donating = jit(p.run, { donate: p.shapes.map((_, i) => i) })(...p.inputs());
    expectClose(donating, plain, 0, 'donation');
  });
});
