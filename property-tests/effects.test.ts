// Effects in random programs: whatever is compiled, nested, looped or differentiated, they happen as often and in the order as in plain JS.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  add,
  cond,
  debug,
  disableJit,
  foriLoop,
  grad,
  greater,
  jit,
  mul,
  scan,
  sin,
  sum,
  tensor,
  vmap,
  type Tensor,
} from '../src/index.ts';

type Step =
  | { readonly kind: 'see' | 'sin' | 'add' | 'dead' | 'constant' }
  | { readonly kind: 'jit' | 'branch'; readonly inner: readonly Step[] }
  | { readonly kind: 'loop' | 'scan'; readonly times: number; readonly inner: readonly Step[] };

const { steps } = fc.letrec<{ step: Step; steps: readonly Step[] }>((tie) => ({
  steps: fc.array(tie('step'), { maxLength: 4 }),
  step: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.record({ kind: fc.constantFrom('see', 'sin', 'add', 'dead', 'constant') }),
    fc.record({ kind: fc.constantFrom('jit', 'branch'), inner: tie('steps') }),
    fc.record({ kind: fc.constantFrom('loop', 'scan'), times: fc.integer({ min: 0, max: 3 }), inner: tie('steps') }),
  ),
}));

const program =
  (list: readonly Step[], see: (x: Tensor) => void) =>
  (x: Tensor): Tensor =>
    list.reduce((v: Tensor, s): Tensor => {
      switch (s.kind) {
        case 'see':
          see(v);
          return v;
        case 'constant':
          see(tensor([1, 2]));
          return v;
        case 'sin':
          return sin(v);
        case 'add':
          return add(v, 0.5);
        case 'dead':
          see(mul(v, 2));
          see(mul(v, 2));
          program([{ kind: 'see' }], see)(sin(v));
          return v;
        case 'jit':
          return jit(program(s.inner, see))(v);
        case 'branch':
          return cond(greater(sum(v), 1), program(s.inner, see), (y: Tensor) => mul(y, 2), v);
        case 'loop':
          return foriLoop(0, s.times, (_, c) => program(s.inner, see)(c), v);
        case 'scan':
          return scan(
            (c: Tensor, k: Tensor) => {
              const y = program(s.inner, see)(mul(c, k));
              return [y, y];
            },
            v,
            add(tensor(Array.from({ length: s.times }, (_, i) => i)), 1),
          )[0];
      }
    }, x);

const close = (a: readonly (readonly number[])[], b: readonly (readonly number[])[]): boolean =>
  a.length === b.length && a.every((x, i) => x.every((v, k) => Math.abs(v - b[i]![k]!) <= 1e-3 * (1 + Math.abs(v))));

test('effects happen as in plain JS', () => {
  fc.assert(
    fc.property(steps, (list) => {
      let log: number[][] = [];
      const see = (x: Tensor): void => {
        debug.callback((v: Tensor) => log.push([...v.dataSync()]), x);
      };
      const f = program(list, see);
      const logOf = (run: () => unknown): number[][] => {
        log = [];
        run();
        return log;
      };
      const x = tensor([0.3, 0.9]);
      const expected = logOf(() => disableJit(() => f(x)));
      const same = (actual: number[][]): void => {
        if (!close(actual, expected)) expect(actual).toEqual(expected);
      };
      const loss = (v: Tensor): Tensor => sum(f(v));
      same(logOf(() => f(x)));
      same(logOf(() => jit(f)(x)));
      same(logOf(() => grad(loss)(x)));
      same(logOf(() => jit(grad(loss))(x)));
      same(logOf(() => jit(vmap(f, { inAxes: null, axisSize: 2 }))(x)));
    }),
    { numRuns: 60 },
  );
});
