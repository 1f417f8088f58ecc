// jax-js on its WebAssembly or WebGPU backend: every function jitted, every use of an array but the last one through `.ref`, as its ownership asks.
import {
  blockUntilReady,
  defaultDevice,
  init,
  jit,
  jvp,
  grad,
  lax,
  nn,
  numpy as np,
  tree,
  valueAndGrad,
  vmap,
  type JsTree,
} from '@jax-js/jax';
import { loops } from './jaxjs-loops.ts';
import { CHECKED_STEPS, HYPER, parameterNames, type Inputs } from '../workloads.ts';
import { concat, lossCurve, oneHot, permuted, type Adapter, type Case, type Setup } from './adapter.ts';

type Params = Record<string, np.Array>;

let onGpu = false;

const arrayOf = (data: ArrayLike<number>, shape: readonly number[]): np.Array =>
  np.array(Float32Array.from(data)).reshape([...shape]);
const input = (inputs: Inputs, name: string): np.Array => arrayOf(inputs[name]!.data, inputs[name]!.shape);
const inputTree = (inputs: Inputs, names: readonly string[]): Params =>
  Object.fromEntries(names.map((n) => [n, input(inputs, n)]));
const refs = <T extends JsTree<np.Array>>(t: T): T => tree.ref(t) as T;

/** A function of fixed arguments: runs on references to them, waits for the result, frees it. */
const pure = (
  f: (...args: never[]) => JsTree<np.Array>,
  args: JsTree<np.Array>[],
  canonical: (values: Float32Array[]) => Float32Array = concat,
): Case => {
  const call = (): JsTree<np.Array> => (f as (...args: unknown[]) => JsTree<np.Array>)(...refs(args));
  return {
    run: async () => {
      tree.dispose(await blockUntilReady(call()));
    },
    result: async () => {
      const values: Float32Array[] = [];
      for (const leaf of tree.leaves(call())) values.push((await (leaf as np.Array).data()) as Float32Array);
      return canonical(values);
    },
  };
};

interface State {
  readonly params: Params;
  readonly m: Params;
  readonly v: Params;
  readonly t: np.Array;
}

/** One jitted program for loss, gradients and update; consumes the state and gives the next. */
const training = (
  make: () => State,
  lossOf: (p: Params, batch: Params) => np.Array,
  update: (s: State, grads: Params) => State,
  batch: Params,
): Case => {
  const step = jit(((s: State, b: Params): [State, np.Array] => {
    const [loss, grads] = valueAndGrad(lossOf)(refs(s.params), b) as [np.Array, Params];
    return [update(s, grads), loss];
  }) as never) as unknown as (s: State, b: Params) => [State, np.Array];
  let state = make();
  const reset = (): void => {
    tree.dispose(state as never);
    state = make();
  };
  const run = async (): Promise<number> => {
    const [next, loss] = step(state, refs(batch));
    state = next;
    // On the GPU the loss comes last in the queue; to wait for every array would be one reading more for each.
    if (!onGpu) await blockUntilReady(next as never);
    return (await loss.data())[0]!;
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
  };
};

const zerosLike = (p: Params): Params =>
  Object.fromEntries(Object.entries(p).map(([n, a]) => [n, np.zeros([...a.shape])]));
const withMoments = (params: Params): State => ({
  params,
  m: zerosLike(params),
  v: zerosLike(params),
  t: np.zeros([]),
});

const adam = (s: State, grads: Params): State => {
  const { learningRate, beta1, beta2, epsilon } = HYPER.adam;
  const t = s.t.add(1);
  const correct = (beta: number): np.Array => np.subtract(1, np.exp(t.ref.mul(Math.log(beta))));
  const [c1, c2] = [correct(beta1), correct(beta2)];
  const m: Params = {},
    v: Params = {},
    params: Params = {};
  for (const n of Object.keys(grads)) {
    const g = grads[n]!;
    m[n] = s.m[n]!.mul(beta1).add(g.ref.mul(1 - beta1));
    v[n] = s.v[n]!.mul(beta2).add(np.square(g).mul(1 - beta2));
    const direction = m[n].ref.div(c1.ref).div(np.sqrt(v[n].ref.div(c2.ref)).add(epsilon));
    params[n] = s.params[n]!.sub(direction.mul(learningRate));
  }
  c1.dispose();
  c2.dispose();
  return { params, m, v, t };
};

// The state without moments: empty trees and a counter that stays.
const sgd = (s: State, grads: Params): State => {
  const params: Params = {};
  for (const n of Object.keys(grads)) params[n] = s.params[n]!.sub(grads[n]!.mul(HYPER.sgd.learningRate));
  return { ...s, params };
};

const dense = (x: np.Array, w: np.Array, b: np.Array): np.Array => np.matmul(x, w).add(b);

const crossEntropy = (logits: np.Array, rows: np.Array): np.Array => {
  const count = logits.shape[0]!;
  return nn
    .logSoftmax(logits, -1)
    .mul(rows)
    .sum()
    .mul(-1 / count);
};

const mlp: Setup = (inputs) => {
  const loss = (p: Params, { x, rows }: Params): np.Array => {
    const h = nn.relu(dense(nn.relu(dense(x!, p['w1']!, p['b1']!)), p['w2']!, p['b2']!));
    return crossEntropy(dense(h, p['w3']!, p['b3']!), rows!);
  };
  const batch = { x: input(inputs, 'x'), rows: arrayOf(oneHot(inputs['labels']!.data, 10), [128, 10]) };
  return training(() => withMoments(inputTree(inputs, parameterNames['mlp']!)), loss, adam, batch);
};

const cnn: Setup = (inputs) => {
  const block = (x: np.Array, k: np.Array, c: np.Array): np.Array => {
    const h = nn.relu(lax.conv(x, k, [1, 1], 'SAME').add(c.reshape([c.shape[0]!, 1, 1])));
    const [n, ch, height, width] = h.shape as [number, number, number, number];
    return np.max(h.reshape([n, ch, height / 2, 2, width / 2, 2]), [3, 5]);
  };
  const loss = (p: Params, { x, rows }: Params): np.Array => {
    const h = block(block(x!, p['k1']!, p['c1']!), p['k2']!, p['c2']!).reshape([64, 3136]);
    return crossEntropy(dense(nn.relu(dense(h, p['w1']!, p['b1']!)), p['w2']!, p['b2']!), rows!);
  };
  const make = (): State =>
    withMoments({
      ...inputTree(inputs, parameterNames['cnn']!),
      k1: arrayOf(permuted(inputs['k1']!.data, [3, 3, 1, 32], [3, 2, 0, 1]), [32, 1, 3, 3]),
      k2: arrayOf(permuted(inputs['k2']!.data, [3, 3, 32, 64], [3, 2, 0, 1]), [64, 32, 3, 3]),
      // Rows in the order of a flattened NCHW image.
      w1: arrayOf(permuted(inputs['w1']!.data, [7, 7, 64, 128], [2, 0, 1, 3]), [3136, 128]),
    });
  const batch = {
    x: arrayOf(inputs['x']!.data, [64, 1, 28, 28]),
    rows: arrayOf(oneHot(inputs['labels']!.data, 10), [64, 10]),
  };
  return training(make, loss, adam, batch);
};

const norm = (x: np.Array, scale: np.Array, shift: np.Array): np.Array =>
  nn.standardize(x, -1, { epsilon: HYPER.normEpsilon }).mul(scale).add(shift);

const transformer: Setup = (inputs) => {
  const [batch, length, width] = inputs['x']!.shape as [number, number, number];
  const each = width / HYPER.heads;
  const loss = (p: Params, b: Params): np.Array => {
    const x = b['x']!;
    const n = norm(x.ref, p['g1']!, p['h1']!);
    // By matmul, since nn.dotProductAttention needs iterator helpers, which Node 20 has not.
    const split = (c: string, from: np.Array, axes: number[]): np.Array =>
      dense(from, p[`w${c}`]!, p[`b${c}`]!).reshape([batch, length, HYPER.heads, each]).transpose(axes);
    const weights = nn.softmax(
      np.matmul(split('q', n.ref, [0, 2, 1, 3]), split('k', n.ref, [0, 2, 3, 1])).mul(each ** -0.5),
      -1,
    );
    const mixed = np
      .matmul(weights, split('v', n, [0, 2, 1, 3]))
      .transpose([0, 2, 1, 3])
      .reshape([batch, length, width]);
    const h = x.add(dense(mixed, p['wo']!, p['bo']!));
    const wide = dense(norm(h.ref, p['g2']!, p['h2']!), p['w1']!, p['b1']!);
    return np.square(h.add(dense(nn.gelu(wide), p['w2']!, p['b2']!))).mean();
  };
  const make = (): State => ({
    params: inputTree(inputs, parameterNames['transformer']!),
    m: {},
    v: {},
    t: np.zeros([]),
  });
  return training(make, loss, sgd, { x: input(inputs, 'x') });
};

const squaredError = (p: np.Array[], x: np.Array, y: np.Array): np.Array => {
  const h = np.tanh(dense(np.tanh(dense(x, p[0]!, p[1]!)), p[2]!, p[3]!));
  return np.square(dense(h, p[4]!, p[5]!).sub(y)).sum();
};

const vmapgrad: Setup = (inputs) => {
  const params = parameterNames['vmapgrad']!.map((n) => input(inputs, n));
  const f = jit(
    vmap(grad(squaredError) as (p: np.Array[], x: np.Array, y: np.Array) => np.Array[], [null, 0, 0]) as never,
  );
  return pure(f as never, [params, input(inputs, 'x'), input(inputs, 'y')] as never);
};

const hvp: Setup = (inputs) => {
  const params = parameterNames['hvp']!.map((n) => input(inputs, n));
  const tangents = parameterNames['hvp']!.map((n) => input(inputs, `v_${n}`));
  const product = jit((p: np.Array[], v: np.Array[], x: np.Array, y: np.Array): np.Array[] => {
    const gradient = grad((q: np.Array[]) => squaredError(q, x.ref, y.ref).div(128)) as unknown as (
      q: np.Array[],
    ) => np.Array[];
    const [g, tangent] = jvp(gradient, [p] as never, [v] as never) as unknown as [np.Array[], np.Array[]];
    tree.dispose(g as never);
    x.dispose();
    y.dispose();
    return tangent;
  });
  return pure(product as never, [params, tangents, input(inputs, 'x'), input(inputs, 'y')] as never);
};

/** Each sum is read, since an eager op is only recorded until something needs it. */
const add16 =
  (add: (a: np.Array, b: np.Array) => np.Array): Setup =>
  (i) => {
    const [a, b] = [input(i, 'a'), input(i, 'b')];
    return {
      run: () => {
        for (let k = 0; k < 1000; k++) add(a.ref, b.ref).dataSync();
      },
      result: async () => Float32Array.from(add(a.ref, b.ref).dataSync()),
    };
  };

const cases: Readonly<Record<string, Setup | string>> = {
  matmul512: (i) => pure(jit(np.matmul) as never, [input(i, 'a'), input(i, 'b')]),
  matmul1024: (i) => pure(jit(np.matmul) as never, [input(i, 'a'), input(i, 'b')]),
  elementwise: (i) =>
    pure(jit((x: np.Array, y: np.Array) => np.mean(np.tanh(x.ref.mul(y.ref).add(x)).mul(nn.sigmoid(y)))) as never, [
      input(i, 'x'),
      input(i, 'y'),
    ]),
  softmax: (i) => pure(jit((x: np.Array) => nn.softmax(x, -1)) as never, [input(i, 'x')]),
  softmaxgrad: (i) =>
    pure(jit(valueAndGrad((x: np.Array, t: np.Array) => nn.softmax(x, -1).mul(t).sum()) as never) as never, [
      input(i, 'x'),
      input(i, 't'),
    ]),
  layernormgrad: (i) =>
    pure(
      jit(
        valueAndGrad(([x, scale, shift]: np.Array[], t: np.Array) => norm(x!, scale!, shift!).mul(t).sum()) as never,
      ) as never,
      [[input(i, 'x'), input(i, 'scale'), input(i, 'shift')], input(i, 't')],
    ),
  gelu: (i) =>
    pure(
      jit((a: np.Array, x: np.Array, b: np.Array, c: np.Array) => nn.gelu(a.mul(x).add(b)).add(c)) as never,
      ['a', 'x', 'b', 'c'].map((n) => input(i, n)),
    ),
  layernorm: (i) => pure(jit(norm) as never, [input(i, 'x'), input(i, 'scale'), input(i, 'shift')]),
  conv2d: (i) =>
    pure(
      jit((x: np.Array, w: np.Array) => lax.conv(x, w, [1, 1], 'SAME')) as never,
      [
        arrayOf(permuted(i['x']!.data, [8, 56, 56, 32], [0, 3, 1, 2]), [8, 32, 56, 56]),
        arrayOf(permuted(i['w']!.data, [3, 3, 32, 64], [3, 2, 0, 1]), [64, 32, 3, 3]),
      ],
      ([y]) => permuted(y!, [8, 64, 56, 56], [0, 2, 3, 1]),
    ),
  mlp,
  cnn,
  transformer,
  vmapgrad,
  hvp,
  ...loops,
  add16: add16(np.add),
  add16jit: add16(jit(np.add) as unknown as typeof np.add),
};

export const adapter: Adapter = {
  load: async (device) => {
    if (!(await init(device)).includes(device)) throw new Error(`jax-js has no ${device} here`);
    defaultDevice(device);
    onGpu = device === 'webgpu';
    const threads = typeof Worker === 'undefined' ? '1' : 'unknown: Worker exists';
    return { versions: { 'jax-js': VERSIONS['@jax-js/jax']!, ...(onGpu ? {} : { threads }) }, cases };
  },
};
