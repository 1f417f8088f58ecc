// The physics-informed net finds the known solution of the heat equation, and its second derivatives are right.
import { describe, expect, test } from 'vitest';
import { exact, init, onGrid, residual, settings, solution, solve } from '../../examples/pinn.ts';
import { grad, jit, jvp, tensor, tree, vmap, type Tensor } from '../../src/index.ts';
import { key, uniform, type Key } from '../../src/random/index.ts';

const double = <T>(all: T): T => tree.map((x) => x.astype('float64'), all);
const numbers = (x: Tensor): number[] => [...x.dataSync()];
const largest = (x: Tensor): number => Math.max(...numbers(x).map(Math.abs));

describe('examples/pinn.ts', () => {
  test('the solution is within 2e-3 of the exact one everywhere', async () => {
    const { losses, found, truth } = jit((k: Key) => {
      const solved = solve(settings, k);
      return { losses: solved.losses, ...onGrid(solved.params, 11, 51) };
    })(key(0));
    expect(largest(found.sub(truth))).toBeLessThan(2e-3);
    const all = (await losses.array()) as number[];
    expect(all[0]).toBeGreaterThan(0.5);
    expect(Math.max(...all.slice(-20))).toBeLessThan(5e-4);
  });

  test('second derivatives: grad of grad = jvp of grad = central differences, inside of vmap', () => {
    const p = double(init(key(1)));
    const [x, t] = [uniform(key(2), [9], { dtype: 'float64' }), uniform(key(3), [9], { dtype: 'float64' })];
    const u = (a: Tensor, b: Tensor): Tensor => solution(p, a, b);
    const one = tensor(1, { dtype: 'float64' });
    const twice = jit(vmap((a: Tensor, b: Tensor) => grad(grad(u))(a, b)))(x, t);
    const forward = jit(vmap((a: Tensor, b: Tensor) => jvp((s: Tensor) => grad(u)(s, b), [a], [one])[1]))(x, t);
    const h = 1e-3;
    const at = (shift: number): Tensor => vmap(u)(x.add(shift), t);
    const differences = at(h)
      .sub(at(0).mul(2))
      .add(at(-h))
      .div(h * h);
    expect(largest(twice.sub(forward))).toBeLessThan(1e-12);
    expect(largest(twice.sub(differences))).toBeLessThan(1e-4);
  });

  test('the exact solution has no residual, the untrained net has', () => {
    const [x, t] = [uniform(key(2), [9], { dtype: 'float64' }), uniform(key(3), [9], { dtype: 'float64' })];
    const ofExact = vmap((a: Tensor, b: Tensor) =>
      grad(exact, { argnums: 1 })(a, b).sub(grad(grad(exact))(a, b).mul(0.2)),
    )(x, t);
    expect(largest(ofExact)).toBeLessThan(1e-12);
    const p = double(init(key(1)));
    expect(largest(vmap((a: Tensor, b: Tensor) => residual(p, a, b))(x, t))).toBeGreaterThan(0.1);
  });
});
