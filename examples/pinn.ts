// A physics-informed network (Raissi et al., 2019) solves the heat equation from the equation alone: second derivatives inside vmap inside grad. npx tsx examples/pinn.ts
import { grad, jit, linspace, scan, stack, tanh, valueAndGrad, vmap, type Tensor } from '../src/index.ts';
import { orThrow } from '../src/io/index.ts';
import * as nn from '../src/nn/index.ts';
import { writableFolder, writeAtomic } from '../src/node/index.ts';
import { adam, applyUpdates, cosine } from '../src/optim/index.ts';
import { key, split, uniform, type Key } from '../src/random/index.ts';
import { curvesSvg, curvesText, tableText, type Panel } from '../src/train/index.ts';

/** u_t = diffusivity * u_xx for x and t in [0, 1], cold at both ends, u(x, 0) = sin(pi x): the mode that decays is known. */
const diffusivity = 0.2;
export const exact = (x: Tensor, t: Tensor): Tensor =>
  x
    .mul(Math.PI)
    .sin()
    .mul(t.mul(-diffusivity * Math.PI ** 2).exp());

const layers = { first: nn.dense(2, 32), second: nn.dense(32, 32), out: nn.dense(32, 1) };
export const init: nn.Init<Readonly<Record<'first' | 'second' | 'out', nn.DenseParams>>> = nn.struct({
  first: layers.first.init,
  second: layers.second.init,
  out: layers.out.init,
});
export type Params = ReturnType<typeof init>;

/** The solution at one point. Initial and boundary values hold by construction; the net learns the rest (Lagaris et al., 1998). */
export const solution = (p: Params, x: Tensor, t: Tensor): Tensor => {
  const a = tanh(layers.first.apply(p.first, stack([x, t])));
  const b = tanh(layers.second.apply(p.second, a));
  const free = layers.out.apply(p.out, b).reshape([]);
  return x
    .mul(Math.PI)
    .sin()
    .add(t.mul(x).mul(x.neg().add(1)).mul(free));
};

/** How far the net is from the equation at one point: u_t - diffusivity * u_xx. */
export const residual = (p: Params, x: Tensor, t: Tensor): Tensor => {
  const ut = grad((s: Tensor) => solution(p, x, s))(t);
  const uxx = grad(grad((s: Tensor) => solution(p, s, t)))(x);
  return ut.sub(uxx.mul(diffusivity));
};

const loss = (p: Params, x: Tensor, t: Tensor): Tensor =>
  vmap((a: Tensor, b: Tensor) => residual(p, a, b))(x, t)
    .square()
    .mean();

export interface Settings {
  readonly updates: number;
  readonly points: number;
  readonly rate: number;
}
export const settings: Settings = { updates: 2000, points: 128, rate: 5e-3 };

export interface Solved {
  readonly params: Params;
  readonly losses: Tensor;
}
/** The training: Adam on the squared residual at fresh random points in every update. */
export const solve = ({ updates, points, rate }: Settings, k: Key): Solved => {
  const [kInit, kPoints] = split(k);
  const optimizer = adam(cosine(rate, updates));
  const start = init(kInit!);
  const [[params], losses] = scan(
    ([p, state], key) => {
      const [kx, kt] = split(key);
      const [value, gradient] = valueAndGrad(loss)(p, uniform(kx!, [points]), uniform(kt!, [points]));
      const [change, next] = optimizer.update(gradient, state, p);
      return [[applyUpdates(p, change), next], value];
    },
    [start, optimizer.init(start)] as const,
    split(kPoints!, updates),
  );
  return { params, losses };
};

/** Found and exact values [times, places] on a grid. */
export const onGrid = (
  p: Params,
  times: number,
  places: number,
): { readonly found: Tensor; readonly truth: Tensor } => {
  const [t, x] = [linspace(0, 1, times), linspace(0, 1, places)];
  const table = (f: (x: Tensor, t: Tensor) => Tensor): Tensor =>
    vmap((ti: Tensor) => vmap((xi: Tensor) => f(xi, ti))(x))(t);
  return { found: table((xi, ti) => solution(p, xi, ti)), truth: table(exact) };
};

const main = async (): Promise<void> => {
  const begin = performance.now();
  const result = jit((k: Key) => {
    const { params, losses } = solve(settings, k);
    return { losses, ...onGrid(params, 5, 101) };
  })(key(0));
  const [found, truth, losses] = (await Promise.all([
    result.found.array(),
    result.truth.array(),
    result.losses.array(),
  ])) as [number[][], number[][], number[]];
  const seconds = (performance.now() - begin) / 1000;

  const rows = found.map((u, i) => {
    const worst = Math.max(...u.map((v, j) => Math.abs(v - truth[i]![j]!)));
    return [(i / 4).toFixed(2), u[50]!.toFixed(5), truth[i]![50]!.toFixed(5), worst.toExponential(1)];
  });
  const line = (name: string, u: number[]) => ({ name, points: u.map((v, j) => [j / 100, v] as const) });
  const panels: Panel[] = [
    { title: 'temperature', x: 'x', y: 'u', series: [0, 2, 4].map((i) => line(`t = ${i / 4}`, found[i]!)) },
    {
      title: 'mean squared residual',
      x: 'update',
      scale: 'log',
      series: [{ name: 'loss', points: losses.map((v, i) => [i, v] as const) }],
    },
  ];
  console.log(`${curvesText(panels)}\n\n${tableText(['t', 'u(0.5, t)', 'exact', 'largest error'], rows)}\n`);
  console.log(`${settings.updates} updates, ${seconds.toFixed(2)} s with compilation`);
  orThrow(await writableFolder('runs/pinn')());
  orThrow(await writeAtomic('runs/pinn/heat.svg', curvesSvg(panels))());
};

if (process.argv[1] === import.meta.filename) await main();
