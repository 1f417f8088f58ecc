// cotangent on its WebAssembly backend (one thread) or on a GPU, as a user would write each workload.
import {
  add,
  conv2d,
  fromTypedArray,
  grad,
  defaultDevice,
  devices,
  hvp,
  jit,
  matmul,
  maxPool,
  mean,
  memory,
  mul,
  reshape,
  sigmoid,
  square,
  sub,
  sum,
  tanh,
  transpose,
  tree,
  valueAndGrad,
  vmap,
  type Tensor,
} from '../../src/index.ts';
import * as nn from '../../src/nn/index.ts';
import * as optim from '../../src/optim/index.ts';
import { loops } from './cotangent-loops.ts';
import { CHECKED_STEPS, HYPER, parameterNames, type Inputs } from '../workloads.ts';
import { concat, lossCurve, type Adapter, type Case, type Setup } from './adapter.ts';

type Params = Readonly<Record<string, Tensor>>;
type Results = Tensor | readonly Results[] | Params;

const input = (inputs: Inputs, name: string): Tensor => fromTypedArray(inputs[name]!.data, inputs[name]!.shape);
const inputTree = (inputs: Inputs, names: readonly string[]): Params =>
  Object.fromEntries(names.map((n) => [n, input(inputs, n)]));

/** A function of fixed arguments; the result is freed at once, as the other libraries do it by scope or by reference count. */
const pure = <A extends readonly unknown[]>(f: (...args: A) => Results, ...args: A): Case => ({
  run: async () => {
    const leaves = tree.leaves(f(...args)) as Tensor[];
    await leaves.at(-1)!.ready();
    for (const y of leaves) y.dispose();
  },
  result: async () => concat(await Promise.all((tree.leaves(f(...args)) as Tensor[]).map((y) => y.data()))),
});

interface State<S> {
  readonly params: Params;
  readonly optimizer: S;
}

/** The whole step as one program whose state is donated; a run is complete when its loss has been read. */
const training = (
  inputs: Inputs,
  names: readonly string[],
  lossOf: (p: Params, batch: Params) => Tensor,
  optimizer: optim.Optimizer,
): Case & { readonly advance: () => Tensor } => {
  type S = State<ReturnType<typeof optimizer.init>>;
  const batch = inputTree(
    inputs,
    Object.keys(inputs).filter((n) => !names.includes(n)),
  );
  const step = jit(
    ({ params, optimizer: s }: S, b: Params): readonly [S, Tensor] => {
      const [loss, grads] = valueAndGrad(lossOf)(params, b);
      const [updates, next] = optimizer.update(grads, s, params);
      return [{ params: optim.applyUpdates(params, updates), optimizer: next }, loss];
    },
    { donate: 0, name: 'step' },
  );
  const initial = (): S => {
    const params = inputTree(inputs, names);
    return { params, optimizer: optimizer.init(params) };
  };
  let state = initial();
  const advance = (): Tensor => {
    const [next, loss] = step(state, batch);
    state = next;
    return loss;
  };
  const run = (): Promise<number> => advance().item() as Promise<number>;
  const reset = (): void => {
    state = initial();
  };
  return {
    run: async () => {
      await run();
    },
    result: async () => {
      reset();
      const curve = await lossCurve(CHECKED_STEPS, run);
      reset();
      return curve;
    },
    reset,
    advance,
  };
};

const adam = (): optim.Optimizer => {
  const { learningRate, beta1, beta2, epsilon } = HYPER.adam;
  return optim.adam(learningRate, { b1: beta1, b2: beta2, eps: epsilon });
};

const dense = (x: Tensor, w: Tensor, b: Tensor): Tensor => add(matmul(x, w), b);

const mlp: Setup = (inputs) =>
  training(
    inputs,
    parameterNames['mlp']!,
    (p, { x, labels }) => {
      const h = nn.relu(dense(nn.relu(dense(x!, p['w1']!, p['b1']!)), p['w2']!, p['b2']!));
      return nn.softmaxCrossEntropy(dense(h, p['w3']!, p['b3']!), labels!);
    },
    adam(),
  );

const cnn: Setup = (inputs) => {
  const block = (x: Tensor, k: Tensor, c: Tensor): Tensor =>
    maxPool(nn.relu(add(conv2d(x, k, { padding: 'same' }), c)), { size: 2 });
  return training(
    inputs,
    parameterNames['cnn']!,
    (p, { x, labels }) => {
      const h = reshape(block(block(x!, p['k1']!, p['c1']!), p['k2']!, p['c2']!), [64, 3136]);
      return nn.softmaxCrossEntropy(dense(nn.relu(dense(h, p['w1']!, p['b1']!)), p['w2']!, p['b2']!), labels!);
    },
    adam(),
  );
};

const norm = (x: Tensor, scale: Tensor, shift: Tensor): Tensor =>
  nn.layerNorm(x.shape.at(-1)!, { eps: HYPER.normEpsilon }).apply({ scale, bias: shift }, x);

const transformer = (inputs: Inputs): ReturnType<typeof training> => {
  const [batch, length, width] = inputs['x']!.shape as [number, number, number];
  const each = width / HYPER.heads;
  const heads = (x: Tensor): Tensor => transpose(reshape(x, [batch, length, HYPER.heads, each]), [0, 2, 1, 3]);
  return training(
    inputs,
    parameterNames['transformer']!,
    (p, b) => {
      const x = b['x']!;
      const n = norm(x, p['g1']!, p['h1']!);
      const [q, k, v] = (['q', 'k', 'v'] as const).map((c) => heads(dense(n, p[`w${c}`]!, p[`b${c}`]!))) as [
        Tensor,
        Tensor,
        Tensor,
      ];
      const weights = nn.softmax(mul(matmul(q, transpose(k, [0, 1, 3, 2])), each ** -0.5));
      const mixed = reshape(transpose(matmul(weights, v), [0, 2, 1, 3]), [batch, length, width]);
      const h = add(x, dense(mixed, p['wo']!, p['bo']!));
      const wide = dense(norm(h, p['g2']!, p['h2']!), p['w1']!, p['b1']!);
      return mean(square(add(h, dense(nn.gelu(wide), p['w2']!, p['b2']!))));
    },
    optim.sgd(HYPER.sgd.learningRate),
  );
};

/** Steps of the transformer block that are not waited for. */
export const transformerStep = (inputs: Inputs): (() => Tensor) => transformer(inputs).advance;

const squaredError = (p: readonly Tensor[], x: Tensor, y: Tensor): Tensor => {
  const h = tanh(dense(tanh(dense(x, p[0]!, p[1]!)), p[2]!, p[3]!));
  return sum(square(sub(dense(h, p[4]!, p[5]!), y)));
};

const vmapgrad: Setup = (inputs) => {
  const params = parameterNames['vmapgrad']!.map((n) => input(inputs, n));
  return pure(jit(vmap(grad(squaredError), { inAxes: [null, 0, 0] })), params, input(inputs, 'x'), input(inputs, 'y'));
};

const hessianVector: Setup = (inputs) => {
  const params = parameterNames['hvp']!.map((n) => input(inputs, n));
  const tangents = parameterNames['hvp']!.map((n) => input(inputs, `v_${n}`));
  const product = jit(hvp((p: readonly Tensor[], x: Tensor, y: Tensor) => mul(squaredError(p, x, y), 1 / 128)));
  return pure(product, params, tangents, input(inputs, 'x'), input(inputs, 'y'));
};

const add16 =
  (sumOf: (a: Tensor, b: Tensor) => Tensor): Setup =>
  (i) => {
    const [a, b] = [input(i, 'a'), input(i, 'b')];
    return {
      run: () => {
        for (let k = 0; k < 1000; k++) sumOf(a, b);
      },
      result: async () => Float32Array.from((await sumOf(a, b).data()) as Float32Array),
    };
  };

const cases: Readonly<Record<string, Setup | string>> = {
  matmul512: (i) => pure(jit(matmul), input(i, 'a'), input(i, 'b')),
  matmul1024: (i) => pure(jit(matmul), input(i, 'a'), input(i, 'b')),
  elementwise: (i) =>
    pure(
      jit((x: Tensor, y: Tensor) => mean(mul(tanh(add(mul(x, y), x)), sigmoid(y)))),
      input(i, 'x'),
      input(i, 'y'),
    ),
  softmax: (i) =>
    pure(
      jit((x: Tensor) => nn.softmax(x)),
      input(i, 'x'),
    ),
  softmaxgrad: (i) =>
    pure(jit(valueAndGrad((x: Tensor, t: Tensor) => sum(mul(nn.softmax(x), t)))), input(i, 'x'), input(i, 't')),
  layernormgrad: (i) =>
    pure(
      jit(
        valueAndGrad(([x, scale, shift]: readonly [Tensor, Tensor, Tensor], t: Tensor) =>
          sum(mul(norm(x, scale, shift), t)),
        ),
      ),
      [input(i, 'x'), input(i, 'scale'), input(i, 'shift')] as const,
      input(i, 't'),
    ),
  gelu: (i) =>
    pure(
      jit((a: Tensor, x: Tensor, b: Tensor, c: Tensor) => add(nn.gelu(add(mul(a, x), b)), c)),
      input(i, 'a'),
      input(i, 'x'),
      input(i, 'b'),
      input(i, 'c'),
    ),
  layernorm: (i) => pure(jit(norm), input(i, 'x'), input(i, 'scale'), input(i, 'shift')),
  conv2d: (i) =>
    pure(
      jit((x: Tensor, w: Tensor) => conv2d(x, w, { padding: 1 })),
      input(i, 'x'),
      input(i, 'w'),
    ),
  mlp,
  cnn,
  transformer,
  vmapgrad,
  hvp: hessianVector,
  ...loops,
  add16: add16(add),
  add16jit: add16(jit(add)),
};

export const adapter: Adapter = {
  load: async (device) => {
    if (device === 'webgpu') defaultDevice(await devices.webgpu());
    const { relaxed } = defaultDevice() as { readonly relaxed?: boolean };
    return {
      versions: device === 'webgpu' ? {} : { 'relaxed SIMD': String(relaxed), threads: '1' },
      cases,
      bytes: () => memory().used,
    };
  },
};
