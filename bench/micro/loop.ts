// Measures generated loop kernels one by one: time, and bytes of operands a second against a copy of the same size. Run: npx tsx bench/micro/loop.ts [part of a name] [relaxed] [code]
import { disassemble } from '../../src/wasm/disassemble.ts';
import { hostArray, type DType } from '../../src/core/dtype.ts';
import { call, lit, type Expr } from '../../src/core/expr.ts';
import { linearize, newVar, variable, type Index, type Var } from '../../src/core/index-expr.ts';
import type { Action, LoopKernel, Stage } from '../../src/jit/kernel.ts';
import { expandMath } from '../../src/core/math/index.ts';
import { planOf, prepare, random, type Buffers } from '../../test/wasm/kernels.ts';

const d: DType = 'float32';
const load = (buffer: number, index: Index): Expr => ({ op: 'load', dtype: d, buffer, index, guards: [], fill: 0 });
const at = (...vs: readonly Var[]): Index =>
  linearize(
    vs.map(variable),
    vs.map((v) => v.extent),
  );
const vars = (...extents: readonly number[]): Var[] => extents.map(newVar);
const local = (l: number): Expr => ({ op: 'local', dtype: d, local: l });
const f = (op: Parameters<typeof call>[0], ...args: readonly Expr[]): Expr => call(op, d, ...args);
const sum = (value: Expr, l: number, op: 'sum' | 'max' = 'sum'): Action => ({
  kind: 'reduce',
  op,
  value: expandMath(value),
  local: l,
  dtype: d,
});
const store = (buffer: number, index: Index, value: Expr): Action => ({
  kind: 'store',
  buffer,
  index,
  value: expandMath(value),
});
const row = (r: number, value: Expr): Action => ({ kind: 'row', row: r, dtype: d, value: expandMath(value) });
const kept = (r: number): Expr => ({ op: 'row', dtype: d, row: r });
const kernel = (outer: readonly Var[], ...stages: readonly Stage[]): LoopKernel => ({
  kind: 'loop',
  name: 'k',
  outer,
  stages,
});

const only = process.argv.slice(2).find((a) => a !== 'relaxed' && a !== 'code');
const measure = (name: string, k: LoopKernel, b: Buffers): void => {
  if (only !== undefined && !name.includes(only)) return;
  const inputs = b.inputs.map(([t, n], i) => random(t, n, i + 1));
  const t0 = performance.now();
  const r = prepare(planOf([k], b), inputs, process.argv.includes('relaxed'));
  const compiled = performance.now() - t0;
  if (process.argv.includes('code'))
    for (const g of disassemble(r.bytes))
      for (const loop of g.innerLoops) console.log(`${g.name}: ${loop.length} ${loop.join(' ')}`);
  const bytes = [...b.inputs, ...b.outputs].reduce((n, [, length]) => n + length * 4, 0);
  let best = Infinity;
  const end = performance.now() + 700;
  let first = 0;
  for (let i = 0; i < 10 || performance.now() < end; i++) {
    // Processor time, so that other work on the machine counts less.
    const [t, u] = [performance.now(), process.cpuUsage()];
    r.run();
    const { user, system } = process.cpuUsage(u);
    const wall = performance.now() - t;
    const ms = wall > 2 ? Math.min(wall, (user + system) / 1000) : wall;
    if (i === 0) first = ms;
    best = Math.min(best, ms);
  }
  console.log(
    `${name.padEnd(36)} ${best.toFixed(3).padStart(9)} ms ${(bytes / best / 1e6).toFixed(1).padStart(7)} GB/s   first ${first.toFixed(2)} ms, prepared in ${compiled.toFixed(1)} ms, ${r.bytes.length} bytes`,
  );
};

const one = (n: number): Buffers => ({
  inputs: [
    [d, n],
    [d, n],
  ],
  outputs: [[d, n]],
});
for (const n of [1000, 16_000, 1_000_000]) {
  const [i] = vars(n) as [Var];
  const [x, y] = [load(0, variable(i)), load(1, variable(i))];
  measure(`add ${n}`, kernel([i], { axes: [], actions: [store(2, variable(i), f('add', x, y))] }), one(n));
  measure(
    `x*y+x ${n}`,
    kernel([i], { axes: [], actions: [store(2, variable(i), f('add', f('mul', x, y), x))] }),
    one(n),
  );
  measure(`exp ${n}`, kernel([i], { axes: [], actions: [store(2, variable(i), f('exp', x))] }), one(n));
  measure(`tanh ${n}`, kernel([i], { axes: [], actions: [store(2, variable(i), f('tanh', x))] }), one(n));
  measure(
    `sum ${n}`,
    kernel([], { axes: [i], actions: [sum(x, 0)] }, { axes: [], actions: [store(1, linearize([], []), local(0))] }),
    { inputs: [[d, n]], outputs: [[d, 1]] },
  );
  measure(
    `max ${n}`,
    kernel(
      [],
      { axes: [i], actions: [sum(x, 0, 'max')] },
      { axes: [], actions: [store(1, linearize([], []), local(0))] },
    ),
    { inputs: [[d, n]], outputs: [[d, 1]] },
  );
}
{
  const n = 1_000_000;
  const [i] = vars(n) as [Var];
  const [x, y] = [load(0, variable(i)), load(1, variable(i))];
  const value = f('mul', f('tanh', f('add', f('mul', x, y), x)), f('sigmoid', y));
  measure(
    'mean(tanh(x*y+x)*sigmoid(y)) 1e6',
    kernel(
      [],
      { axes: [i], actions: [sum(value, 0)] },
      { axes: [], actions: [store(2, linearize([], []), f('div', local(0), lit(n, d)))] },
    ),
    {
      inputs: [
        [d, n],
        [d, n],
      ],
      outputs: [[d, 1]],
    },
  );
}
{
  const [r, c] = vars(4096, 1024) as [Var, Var];
  const x = load(0, at(r, c));
  const n = 4096 * 1024;
  const e = f('exp', f('sub', x, local(0)));
  measure(
    'softmax [4096,1024]',
    kernel(
      [r],
      { axes: [c], actions: [sum(x, 0, 'max')] },
      { axes: [c], actions: [sum(e, 1), row(0, e)] },
      { axes: [c], actions: [store(1, at(r, c), f('div', kept(0), local(1)))] },
    ),
    { inputs: [[d, n]], outputs: [[d, n]] },
  );
  const mean = f('mul', local(0), lit(1 / 1024, d));
  const centred = f('sub', x, mean);
  const scale = f('div', lit(1, d), f('sqrt', f('add', f('mul', local(1), lit(1 / 1024, d)), lit(1e-5, d))));
  measure(
    'layer norm [4096,1024]',
    kernel(
      [r],
      { axes: [c], actions: [sum(x, 0)] },
      { axes: [c], actions: [sum(f('mul', centred, centred), 1)] },
      {
        axes: [c],
        actions: [
          store(3, at(r, c), f('add', f('mul', f('mul', centred, scale), load(1, variable(c))), load(2, variable(c)))),
        ],
      },
    ),
    {
      inputs: [
        [d, n],
        [d, 1024],
        [d, 1024],
      ],
      outputs: [[d, n]],
    },
  );
  measure(
    'column sums [4096,1024]',
    kernel([c], { axes: [r], actions: [sum(x, 0)] }, { axes: [], actions: [store(1, variable(c), local(0))] }),
    { inputs: [[d, n]], outputs: [[d, 1024]] },
  );
  measure(
    'row sums [4096,1024]',
    kernel([r], { axes: [c], actions: [sum(x, 0)] }, { axes: [], actions: [store(1, variable(r), local(0))] }),
    { inputs: [[d, n]], outputs: [[d, 4096]] },
  );
  measure('transpose [4096,1024]', kernel([c, r], { axes: [], actions: [store(1, at(c, r), x)] }), {
    inputs: [[d, n]],
    outputs: [[d, n]],
  });
}
for (const [rows, columns] of [
  [25088, 32],
  [128, 512],
  [1024, 256],
] as const) {
  const [r, c] = vars(rows, columns) as [Var, Var];
  measure(
    `column sums [${rows},${columns}]`,
    kernel(
      [c],
      { axes: [r], actions: [sum(load(0, at(r, c)), 0)] },
      { axes: [], actions: [store(1, variable(c), local(0))] },
    ),
    { inputs: [[d, rows * columns]], outputs: [[d, columns]] },
  );
}
{
  const n = 668_672;
  const [i] = vars(n) as [Var];
  const [p, g, m, v] = [0, 1, 2, 3].map((b) => load(b, variable(i))) as [Expr, Expr, Expr, Expr];
  const m2 = f('add', f('mul', m, lit(0.9, d)), f('mul', g, lit(0.1, d)));
  const v2 = f('add', f('mul', v, lit(0.999, d)), f('mul', f('mul', g, g), lit(0.001, d)));
  const p2 = f('sub', p, f('div', f('mul', m2, lit(1e-3, d)), f('add', f('sqrt', v2), lit(1e-8, d))));
  measure(
    'adam of 668672',
    kernel([i], {
      axes: [],
      actions: [store(4, variable(i), p2), store(5, variable(i), m2), store(6, variable(i), v2)],
    }),
    {
      inputs: [
        [d, n],
        [d, n],
        [d, n],
        [d, n],
      ],
      outputs: [
        [d, n],
        [d, n],
        [d, n],
      ],
    },
  );
}
{
  // A 2 x 2 maximum over [64, 26, 26, 32], and its mask times a gradient.
  const [n, h, w, c, y, x] = vars(64, 13, 13, 32, 2, 2) as [Var, Var, Var, Var, Var, Var];
  const index = linearize(
    [
      variable(n),
      linearize([variable(h), variable(y)], [13, 2]),
      linearize([variable(w), variable(x)], [13, 2]),
      variable(c),
    ],
    [64, 26, 26, 32],
  );
  measure(
    'pool [64,26,26,32]',
    kernel(
      [n, h, w, c],
      { axes: [y, x], actions: [sum(load(0, index), 0, 'max')] },
      { axes: [], actions: [store(1, at(n, h, w, c), local(0))] },
    ),
    { inputs: [[d, 64 * 26 * 26 * 32]], outputs: [[d, 64 * 13 * 13 * 32]] },
  );
}
{
  const size = 4096 * 1024;
  const [a, b] = [hostArray(d, size), hostArray(d, size)];
  let best = Infinity;
  for (let i = 0; i < 20; i++) {
    const t = performance.now();
    b.set(a as never);
    best = Math.min(best, performance.now() - t);
  }
  console.log(`copy of 16 MB: ${((size * 8) / best / 1e6).toFixed(1)} GB/s`);
}
