// TensorFlow.js on its WebAssembly backend, one thread, where a run is complete when its call returns; or on WebGPU, where it is waited for.
import * as tf from '@tensorflow/tfjs';
import { CHECKED_STEPS, HYPER, LOOPS, parameterNames, type Inputs } from '../workloads.ts';
import { concat, lossCurve, oneHot, type Adapter, type Case, type Setup } from './adapter.ts';

/** Resolves when the GPU has done what it was given; undefined where kernels are synchronous. */
let settled: (() => Promise<void>) | undefined;

const tensorOf = (inputs: Inputs, name: string): tf.Tensor => {
  const { data, shape } = inputs[name]!;
  return tf.tensor(data, [...shape], data instanceof Int32Array ? 'int32' : 'float32');
};

/** A function of fixed inputs: every run frees what it makes. */
const pure = (f: () => tf.Tensor | tf.Tensor[]): Case => ({
  run: () => {
    const out = tf.tidy(f);
    const wait = settled?.();
    tf.dispose(out);
    return wait;
  },
  result: async () => {
    const out = tf.tidy(f);
    const list = Array.isArray(out) ? out : [out];
    const values = concat(await Promise.all(list.map((t) => t.data())));
    tf.dispose(list);
    return values;
  },
});

/** A training step with one of the library's optimizers over variables. */
const training = (
  inputs: Inputs,
  names: readonly string[],
  lossOf: (p: Readonly<Record<string, tf.Tensor>>) => tf.Scalar,
  makeOptimizer: () => tf.Optimizer,
): Case => {
  let variables: Record<string, tf.Variable> = {};
  let optimizer: tf.Optimizer | undefined;
  const dispose = (): void => {
    optimizer?.dispose();
    tf.dispose(Object.values(variables));
  };
  const reset = (): void => {
    dispose();
    variables = Object.fromEntries(
      names.map((n) => {
        const t = tensorOf(inputs, n);
        const v = tf.variable(t);
        t.dispose();
        return [n, v];
      }),
    );
    optimizer = makeOptimizer();
  };
  const step = (): number | Promise<number> => {
    const loss = optimizer!.minimize(() => lossOf(variables), true, Object.values(variables))!;
    if (settled !== undefined)
      return loss.data().then((values) => {
        loss.dispose();
        return values[0]!;
      });
    const value = loss.dataSync()[0]!;
    loss.dispose();
    return value;
  };
  reset();
  return {
    run: () => {
      const value = step();
      return typeof value === 'number' ? undefined : value.then(() => undefined);
    },
    result: async () => {
      reset();
      const curve = await lossCurve(CHECKED_STEPS, step);
      reset();
      return curve;
    },
    reset,
    dispose,
  };
};

const adam = (): tf.Optimizer =>
  tf.train.adam(HYPER.adam.learningRate, HYPER.adam.beta1, HYPER.adam.beta2, HYPER.adam.epsilon);

/** Mean cross-entropy of integer labels, given as one-hot rows. */
const crossEntropy = (logits: tf.Tensor, labels: tf.Tensor): tf.Scalar => tf.losses.softmaxCrossEntropy(labels, logits);

const labelRows = (inputs: Inputs): tf.Tensor =>
  tf.tensor2d(oneHot(inputs['labels']!.data, 10), [inputs['labels']!.data.length, 10]);

const norm = (x: tf.Tensor, scale: tf.Tensor, shift: tf.Tensor): tf.Tensor => {
  const { mean, variance } = tf.moments(x, -1, true);
  return x.sub(mean).mul(variance.add(HYPER.normEpsilon).rsqrt()).mul(scale).add(shift);
};

const gelu = (x: tf.Tensor): tf.Tensor =>
  x.mul(0.5).mul(
    x
      .mul(x)
      .mul(x)
      .mul(0.044715)
      .add(x)
      .mul(Math.sqrt(2 / Math.PI))
      .tanh()
      .add(1),
  );

const dense = (x: tf.Tensor, w: tf.Tensor, b: tf.Tensor): tf.Tensor => tf.matMul(x, w).add(b);

const mlp: Setup = (inputs) => {
  const x = tensorOf(inputs, 'x');
  const labels = labelRows(inputs);
  return training(
    inputs,
    parameterNames['mlp']!,
    (p) => {
      const h = dense(dense(x, p['w1']!, p['b1']!).relu(), p['w2']!, p['b2']!).relu();
      return crossEntropy(dense(h, p['w3']!, p['b3']!), labels);
    },
    adam,
  );
};

const cnn: Setup = (inputs) => {
  const x = tensorOf(inputs, 'x') as tf.Tensor4D;
  const labels = labelRows(inputs);
  return training(
    inputs,
    parameterNames['cnn']!,
    (p) => {
      const block = (h: tf.Tensor4D, k: tf.Tensor, c: tf.Tensor): tf.Tensor4D =>
        tf.maxPool(tf.relu(tf.conv2d(h, k as tf.Tensor4D, 1, 'same').add<tf.Tensor4D>(c)), 2, 2, 'valid');
      const h = block(block(x, p['k1']!, p['c1']!), p['k2']!, p['c2']!).reshape([64, 3136]);
      return crossEntropy(dense(dense(h, p['w1']!, p['b1']!).relu(), p['w2']!, p['b2']!), labels);
    },
    adam,
  );
};

const transformer: Setup = (inputs) => {
  const x = tensorOf(inputs, 'x');
  const [batch, length, width] = inputs['x']!.shape as [number, number, number];
  const each = width / HYPER.heads;
  const flat = (t: tf.Tensor): tf.Tensor => t.reshape([batch * length, t.shape.at(-1)!]);
  const split = (t: tf.Tensor): tf.Tensor => t.reshape([batch, length, HYPER.heads, each]).transpose([0, 2, 1, 3]);
  return training(
    inputs,
    parameterNames['transformer']!,
    (p) => {
      const n = flat(norm(x, p['g1']!, p['h1']!));
      const [q, k, v] = ['q', 'k', 'v'].map((c) => split(dense(n, p[`w${c}`]!, p[`b${c}`]!))) as [
        tf.Tensor,
        tf.Tensor,
        tf.Tensor,
      ];
      const weights = tf.softmax(tf.matMul(q, k, false, true).mul(each ** -0.5));
      const mixed = tf
        .matMul(weights, v)
        .transpose([0, 2, 1, 3])
        .reshape([batch * length, width]);
      const h = flat(x).add(dense(mixed, p['wo']!, p['bo']!));
      const y = h.add(dense(gelu(dense(norm(h, p['g2']!, p['h2']!), p['w1']!, p['b1']!)), p['w2']!, p['b2']!));
      return y.square().mean() as tf.Scalar;
    },
    () => tf.train.sgd(HYPER.sgd.learningRate),
  );
};

const tanhMlp = (x: tf.Tensor, p: readonly tf.Tensor[]): tf.Tensor =>
  dense(dense(dense(x, p[0]!, p[1]!).tanh(), p[2]!, p[3]!).tanh(), p[4]!, p[5]!);

// No vmap: a loop over the examples (one backward pass over per-example copies of the parameters is slower here).
const vmapgrad: Setup = (inputs) => {
  const examples = (name: string): tf.Tensor[] => tf.split(tensorOf(inputs, name), 128);
  const [xs, ys] = [examples('x'), examples('y')];
  const params = parameterNames['vmapgrad']!.map((n) => tensorOf(inputs, n));
  const gradients = xs.map((x, i) => tf.grads((...p: tf.Tensor[]) => tanhMlp(x, p).sub(ys[i]!).square().sum()));
  return pure(() => {
    const each = gradients.map((g) => tf.tidy(() => g(params)));
    return params.map((_, k) => tf.stack(each.map((grads) => grads[k]!)));
  });
};

const hvp: Setup = (inputs) => {
  const x = tensorOf(inputs, 'x');
  const y = tensorOf(inputs, 'y');
  const params = parameterNames['hvp']!.map((n) => tensorOf(inputs, n));
  const tangents = parameterNames['hvp']!.map((n) => tensorOf(inputs, `v_${n}`));
  const gradients = tf.grads((...p: tf.Tensor[]) => tanhMlp(x, p).sub(y).square().sum().div(128));
  const product = tf.grads((...p: tf.Tensor[]) => tf.addN(gradients(p).map((g, i) => g.mul(tangents[i]!).sum())));
  return pure(() => product(params));
};

const cases: Readonly<Record<string, Setup | string>> = {
  matmul512: (i) => {
    const [a, b] = [tensorOf(i, 'a'), tensorOf(i, 'b')];
    return pure(() => tf.matMul(a, b));
  },
  matmul1024: (i) => {
    const [a, b] = [tensorOf(i, 'a'), tensorOf(i, 'b')];
    return pure(() => tf.matMul(a, b));
  },
  elementwise: (i) => {
    const [x, y] = [tensorOf(i, 'x'), tensorOf(i, 'y')];
    return pure(() => x.mul(y).add(x).tanh().mul(y.sigmoid()).mean());
  },
  softmax: (i) => {
    const x = tensorOf(i, 'x');
    return pure(() => tf.softmax(x));
  },
  softmaxgrad: (i) => {
    const [x, t] = [tensorOf(i, 'x'), tensorOf(i, 't')];
    const f = tf.valueAndGrad((a: tf.Tensor) => tf.softmax(a).mul(t).sum());
    return pure(() => {
      const { value, grad } = f(x);
      return [value, grad];
    });
  },
  layernormgrad: (i) => {
    const [x, g, b, t] = [tensorOf(i, 'x'), tensorOf(i, 'scale'), tensorOf(i, 'shift'), tensorOf(i, 't')];
    const f = tf.valueAndGrads((...p: tf.Tensor[]) => norm(p[0]!, p[1]!, p[2]!).mul(t).sum());
    return pure(() => {
      const { value, grads } = f([x, g, b]);
      return [value, ...grads];
    });
  },
  gelu: (i) => {
    const [a, x, b, c] = [tensorOf(i, 'a'), tensorOf(i, 'x'), tensorOf(i, 'b'), tensorOf(i, 'c')];
    return pure(() => gelu(a.mul(x).add(b)).add(c));
  },
  layernorm: (i) => {
    const [x, g, b] = [tensorOf(i, 'x'), tensorOf(i, 'scale'), tensorOf(i, 'shift')];
    return pure(() => norm(x, g, b));
  },
  conv2d: (i) => {
    const [x, w] = [tensorOf(i, 'x') as tf.Tensor4D, tensorOf(i, 'w') as tf.Tensor4D];
    return pure(() => tf.conv2d(x, w, 1, 'same'));
  },
  mlp,
  cnn,
  transformer,
  vmapgrad,
  hvp,
  rnn: 'has no loop inside of a program',
  rnnsteps: (i) => {
    const [w, u, b, xs] = ['w', 'u', 'b', 'xs'].map((n) => tensorOf(i, n)) as [
      tf.Tensor,
      tf.Tensor,
      tf.Tensor,
      tf.Tensor,
    ];
    const rows = tf.split(xs, LOOPS.steps);
    return pure(() =>
      rows.reduce<tf.Tensor>((h, x) => tf.tidy(() => h.matMul(w).add(x.matMul(u)).add(b).tanh()), tf.zeros([1, 32])),
    );
  },
  rnngrad: 'not written: an eager tape of 10,000 steps',
  hmc: 'not written: about 60,000 eager calls',
  vmapgrad256: 'has no vmap',
  loopgrad256: 'not written: see vmapgrad',
  add16: (i) => {
    const [a, b] = [tensorOf(i, 'a'), tensorOf(i, 'b')];
    return {
      run: () => {
        for (let k = 0; k < 1000; k++) a.add(b).dispose();
      },
      result: async () => Float32Array.from(await a.add(b).data()),
    };
  },
  add16jit: 'has no jit',
};

const loadWasm = async (): Promise<Readonly<Record<string, string>>> => {
  const wasm = await import('@tensorflow/tfjs-backend-wasm');
  const { createRequire } = await import('node:module');
  const { dirname, sep } = await import('node:path');
  wasm.setWasmPaths(dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm')) + sep);
  wasm.setThreadsCount(1);
  if (!(await tf.setBackend('wasm'))) throw new Error('the wasm backend did not start');
  await tf.ready();
  const threads = (await tf.env().getAsync('WASM_HAS_MULTITHREAD_SUPPORT')) ? wasm.getThreadsCount() : 1;
  return {
    'backend-wasm': wasm.version_wasm,
    simd: String(await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT')),
    threads: String(threads),
  };
};

const loadWebGpu = async (): Promise<Readonly<Record<string, string>>> => {
  const { WebGPUBackend } = await import('@tensorflow/tfjs-backend-webgpu');
  if (!(await tf.setBackend('webgpu'))) throw new Error('the webgpu backend did not start');
  await tf.ready();
  const backend = tf.backend() as InstanceType<typeof WebGPUBackend>;
  settled = async () => {
    // What its own reading does: what is recorded is ended and submitted.
    backend.endComputePassEncoder();
    backend.submitQueue();
    await backend.device.queue.onSubmittedWorkDone();
  };
  return { 'backend-webgpu': tf.version_core };
};

export const adapter: Adapter = {
  load: async (device) => ({
    versions: { tfjs: tf.version_core, ...(await (device === 'webgpu' ? loadWebGpu() : loadWasm())) },
    cases,
    bytes: () => tf.memory().numBytes,
  }),
};
