// The workloads every library is timed on: names, sizes, and seeded inputs that are made once and are the same for all of them.

/** An input of a workload: its canonical shape (images NHWC, kernels HWIO, dense weights [in, out]) and its values. */
export interface Input {
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array;
}

export type Inputs = Readonly<Record<string, Input>>;

/** What one workload is; adapters are keyed by `name`. */
export interface Workload {
  readonly name: string;
  readonly title: string;
  readonly unit: 'ms' | 'us';
  /** Calls of the operation inside one timed run; more than one where a call is shorter than the clock is fine. */
  readonly calls: number;
  /** A training step: state changes from run to run, the result is the loss of the first five steps. */
  readonly step: boolean;
  /** Floating-point operations of one call where the count is plain, for GF/s. */
  readonly flops?: number;
  /** Why another library may be faster on a software driver, where that is known. */
  readonly gpuNote?: string;
  readonly inputs: () => Inputs;
}

/** Learning rates and other constants of the training steps, stated once for all adapters. */
export const HYPER = {
  adam: { learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
  sgd: { learningRate: 0.5 },
  normEpsilon: 1e-5,
  heads: 4,
} as const;

/** Sizes of the loops. */
export const LOOPS = { steps: 10_000, draws: 1_000, leapfrog: 10, stepSize: 0.15 } as const;

/** Steps whose losses make the result of a training workload. */
export const CHECKED_STEPS = 5;

type Draw = {
  normal(shape: readonly number[], scale?: number): Input;
  uniform(shape: readonly number[]): Input;
  labels(count: number, classes: number): Input;
};

const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** Normal, uniform and label draws from one mulberry32 stream. */
const draws = (seed: number): Draw => {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const fill = (shape: readonly number[], draw: () => number): Input => ({
    shape,
    data: Float32Array.from({ length: sizeOf(shape) }, draw),
  });
  return {
    normal: (shape, scale = 1) =>
      fill(shape, () => scale * Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next())),
    uniform: (shape) => fill(shape, next),
    labels: (count, classes) => ({
      shape: [count],
      data: Int32Array.from({ length: count }, () => Math.floor(next() * classes)),
    }),
  };
};

const zeros = (shape: readonly number[]): Input => ({ shape, data: new Float32Array(sizeOf(shape)) });
const ones = (shape: readonly number[]): Input => ({ shape, data: new Float32Array(sizeOf(shape)).fill(1) });
const weight = (d: Draw, shape: readonly number[], gain = 1): Input =>
  d.normal(shape, Math.sqrt(gain / sizeOf(shape.slice(0, -1))));

const matmul = (n: number): Workload => ({
  name: `matmul${n}`,
  title: `matmul ${n}`,
  unit: 'ms',
  calls: 1,
  step: false,
  flops: 2 * n ** 3,
  inputs: () => {
    const d = draws(n);
    return { a: d.normal([n, n]), b: d.normal([n, n]) };
  },
});

/** Parameters and batch of the tanh MLP whose per-example gradients and Hessian-vector products are taken. */
const tanhMlp = (): Inputs => {
  const d = draws(7);
  const shapes = [[64, 128], [128], [128, 128], [128], [128, 10], [10]] as const;
  const names = ['w1', 'b1', 'w2', 'b2', 'w3', 'b3'] as const;
  const params = names.map((n, i) => [n, weight(d, shapes[i]!)] as const);
  const tangent = names.map((n, i) => [`v_${n}`, d.normal(shapes[i]!)] as const);
  return {
    ...Object.fromEntries(params),
    x: d.normal([128, 64]),
    y: d.normal([128, 10]),
    ...Object.fromEntries(tangent),
  };
};

/** A recurrent tanh cell, 32 wide, and 10,000 inputs. */
const rnn = (): Inputs => {
  const d = draws(12);
  return { w: weight(d, [32, 32]), u: weight(d, [32, 32]), b: d.normal([32], 0.1), xs: d.normal([LOOPS.steps, 32]) };
};

/** A Gaussian of 8 correlated variables by its precision matrix, and the random numbers of 1,000 draws. */
const gaussian = (): Inputs => {
  const d = draws(13);
  const n = 8;
  const root = d.normal([n, n], 0.3).data;
  const precision = Float32Array.from({ length: n * n }, (_, k) => {
    const [i, j] = [Math.floor(k / n), k % n];
    let sum = i === j ? 1 : 0;
    for (let m = 0; m < n; m++) sum += root[i * n + m]! * root[j * n + m]!;
    return sum;
  });
  const chances = d.uniform([LOOPS.draws]).data;
  return {
    precision: { shape: [n, n], data: precision },
    start: d.normal([n]),
    momenta: d.normal([LOOPS.draws, n]),
    logs: { shape: [LOOPS.draws], data: Float32Array.from(chances, (u) => Math.log(1 - u)) },
  };
};

/** A small MLP and 256 examples for per-example gradients. */
const smallMlp = (): Inputs => {
  const d = draws(14);
  const shapes = [[16, 32], [32], [32, 4], [4]] as const;
  return {
    ...Object.fromEntries(['w1', 'b1', 'w2', 'b2'].map((n, i) => [n, weight(d, shapes[i]!)])),
    x: d.normal([256, 16]),
    y: d.normal([256, 4]),
  };
};

const add16 = (): Inputs => {
  const d = draws(11);
  return { a: d.normal([16]), b: d.normal([16]) };
};

export const workloads: readonly Workload[] = [
  matmul(512),
  matmul(1024),
  {
    name: 'elementwise',
    title: 'mean(tanh(x*y+x)*sigmoid(y)), 1e6',
    unit: 'ms',
    calls: 1,
    step: false,
    gpuNote:
      'jax-js sums up in one workgroup of 16 invocations and takes the built-in exp, which a software driver likes and a GPU does not; ours uses many, and an exp that is as accurate as on the CPU',
    inputs: () => {
      const d = draws(1);
      return { x: d.normal([1_000_000]), y: d.normal([1_000_000]) };
    },
  },
  {
    name: 'softmax',
    title: 'softmax [4096,1024]',
    unit: 'ms',
    calls: 1,
    step: false,
    inputs: () => ({ x: draws(2).normal([4096, 1024], 3) }),
  },
  {
    name: 'layernorm',
    title: 'layer norm [4096,1024], scale and shift',
    unit: 'ms',
    calls: 1,
    step: false,
    inputs: () => {
      const d = draws(3);
      return { x: d.normal([4096, 1024], 2), scale: d.normal([1024]), shift: d.normal([1024]) };
    },
  },
  {
    name: 'softmaxgrad',
    title: 'softmax [4096,1024], loss and gradient',
    unit: 'ms',
    calls: 1,
    step: false,
    inputs: () => {
      const d = draws(15);
      return { x: d.normal([4096, 1024], 3), t: d.normal([4096, 1024]) };
    },
  },
  {
    name: 'layernormgrad',
    title: 'layer norm [4096,1024], loss and gradients of input, scale and shift',
    unit: 'ms',
    calls: 1,
    step: false,
    inputs: () => {
      const d = draws(16);
      const [x, t] = [d.normal([4096, 1024], 2), d.normal([4096, 1024])];
      return { x, scale: d.normal([1024]), shift: d.normal([1024]), t };
    },
  },
  {
    name: 'gelu',
    title: 'gelu(a*x+b)+c, 2^22',
    unit: 'ms',
    calls: 1,
    step: false,
    inputs: () => {
      const d = draws(17);
      return Object.fromEntries(['a', 'x', 'b', 'c'].map((n) => [n, d.normal([2 ** 22])]));
    },
  },
  {
    name: 'conv2d',
    title: 'conv2d [8,32,56,56] * [64,32,3,3], pad 1, forward',
    unit: 'ms',
    calls: 1,
    step: false,
    flops: 2 * 8 * 56 * 56 * 64 * 32 * 9,
    inputs: () => {
      const d = draws(4);
      return { x: d.normal([8, 56, 56, 32]), w: weight(d, [3, 3, 32, 64]) };
    },
  },
  {
    name: 'mlp',
    title: 'MLP 784-512-512-10 step, cross-entropy, Adam, batch 128',
    unit: 'ms',
    calls: 1,
    step: true,
    flops: 2 * 128 * (784 * 512 * 2 + 512 * 512 * 3 + 512 * 10 * 3),
    inputs: () => {
      const d = draws(5);
      return {
        w1: weight(d, [784, 512], 2),
        b1: zeros([512]),
        w2: weight(d, [512, 512], 2),
        b2: zeros([512]),
        w3: weight(d, [512, 10]),
        b3: zeros([10]),
        x: d.uniform([128, 784]),
        labels: d.labels(128, 10),
      };
    },
  },
  {
    name: 'cnn',
    title: 'CNN step (conv 32, pool, conv 64, pool, dense 128, dense 10), Adam, batch 64',
    unit: 'ms',
    calls: 1,
    step: true,
    flops: 2 * 64 * (784 * 9 * 32 * 2 + 196 * 288 * 64 * 3 + 3136 * 128 * 3 + 1280 * 3),
    inputs: () => {
      const d = draws(6);
      return {
        k1: weight(d, [3, 3, 1, 32], 2),
        c1: zeros([32]),
        k2: weight(d, [3, 3, 32, 64], 2),
        c2: zeros([64]),
        w1: weight(d, [3136, 128], 2),
        b1: zeros([128]),
        w2: weight(d, [128, 10]),
        b2: zeros([10]),
        x: d.uniform([64, 28, 28, 1]),
        labels: d.labels(64, 10),
      };
    },
  },
  {
    name: 'transformer',
    title: 'transformer block step, d 256, 4 heads, length 128, batch 8, mlp 4x, gelu, SGD',
    unit: 'ms',
    calls: 1,
    step: true,
    flops: 3 * 2 * 1024 * (4 * 256 * 256 + 2 * 256 * 1024 + 2 * 128 * 256),
    inputs: () => {
      const d = draws(8);
      const square = (): Input => weight(d, [256, 256]);
      return {
        g1: ones([256]),
        h1: zeros([256]),
        wq: square(),
        bq: zeros([256]),
        wk: square(),
        bk: zeros([256]),
        wv: square(),
        bv: zeros([256]),
        wo: square(),
        bo: zeros([256]),
        g2: ones([256]),
        h2: zeros([256]),
        w1: weight(d, [256, 1024]),
        b1: zeros([1024]),
        w2: weight(d, [1024, 256]),
        b2: zeros([256]),
        x: d.normal([8, 128, 256]),
      };
    },
  },
  {
    name: 'vmapgrad',
    title: 'vmap(grad), tanh MLP 64-128-128-10, 128 examples',
    unit: 'ms',
    calls: 1,
    step: false,
    inputs: tanhMlp,
  },
  {
    name: 'hvp',
    title: 'Hessian-vector product, same MLP, batch 128',
    unit: 'ms',
    calls: 1,
    step: false,
    inputs: tanhMlp,
  },
  {
    name: 'rnn',
    title: 'recurrence of 10,000 steps, 32-wide tanh cell, as one program',
    unit: 'ms',
    calls: 1,
    step: false,
    inputs: rnn,
  },
  {
    name: 'rnnsteps',
    title: 'the same recurrence, a step at a time from the host language',
    unit: 'ms',
    calls: 1,
    step: false,
    inputs: rnn,
  },
  {
    name: 'rnngrad',
    title: 'gradient of that recurrence with respect to its weights',
    unit: 'ms',
    calls: 1,
    step: false,
    inputs: rnn,
  },
  {
    name: 'hmc',
    title: 'Hamiltonian Monte Carlo, 8 variables, 1,000 draws of 10 leapfrog steps',
    unit: 'ms',
    calls: 1,
    step: false,
    inputs: gaussian,
  },
  {
    name: 'vmapgrad256',
    title: 'vmap(grad), tanh MLP 16-32-4, 256 examples',
    unit: 'ms',
    calls: 1,
    step: false,
    inputs: smallMlp,
  },
  {
    name: 'loopgrad256',
    title: 'the same gradients, an example at a time from the host language',
    unit: 'ms',
    calls: 1,
    step: false,
    inputs: smallMlp,
  },
  { name: 'add16', title: 'add of 16 numbers, eager', unit: 'us', calls: 1000, step: false, inputs: add16 },
  { name: 'add16jit', title: 'add of 16 numbers, jitted', unit: 'us', calls: 1000, step: false, inputs: add16 },
];

/** What is compared on GPUs unless other workloads are asked for. */
export const gpuWorkloads: readonly string[] = [
  'mlp',
  'cnn',
  'transformer',
  'softmax',
  'softmaxgrad',
  'layernorm',
  'layernormgrad',
  'elementwise',
  'gelu',
];

/** Names of the parameters (what is differentiated) of a workload that has some; the other inputs are the batch. */
export const parameterNames: Readonly<Record<string, readonly string[]>> = {
  mlp: ['w1', 'b1', 'w2', 'b2', 'w3', 'b3'],
  cnn: ['k1', 'c1', 'k2', 'c2', 'w1', 'b1', 'w2', 'b2'],
  transformer: ['g1', 'h1', 'wq', 'bq', 'wk', 'bk', 'wv', 'bv', 'wo', 'bo', 'g2', 'h2', 'w1', 'b1', 'w2', 'b2'],
  vmapgrad: ['w1', 'b1', 'w2', 'b2', 'w3', 'b3'],
  hvp: ['w1', 'b1', 'w2', 'b2', 'w3', 'b3'],
};
