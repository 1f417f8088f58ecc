// Loop kernels rendered to WebAssembly against a plain interpreter of kernels, over every size class and dtype.
import { describe, expect, test } from 'vitest';
import type { DType } from '../../src/core/dtype.ts';
import { call, compare as cmp, convert, lit, select, type Expr, type ScalarOp } from '../../src/core/expr.ts';
import {
  add,
  constant,
  div,
  linearize,
  mod,
  newVar,
  scale,
  shift,
  sub,
  unlinearize,
  valueIndex,
  variable,
  type Guard,
  type Index,
  type Var,
} from '../../src/core/index-expr.ts';
import type { Action, LoopKernel, Stage } from '../../src/jit/kernel.ts';
import type { ReduceOp } from '../../src/core/lowering.ts';
import { check, execute, random } from './kernels.ts';

const sizes = [0, 1, 3, 4, 5, 7, 8, 15, 16, 17, 64, 1000];
const dtypes: readonly DType[] = ['float32', 'float64', 'int32', 'uint32', 'bool'];

const load = (
  buffer: number,
  index: Index,
  dtype: DType = 'float32',
  guards: readonly Guard[] = [],
  fill = 0,
): Expr => ({ op: 'load', dtype, buffer, index, guards, fill });
const store = (buffer: number, index: Index, value: Expr): Action => ({ kind: 'store', buffer, index, value });
const kernel = (outer: readonly Var[], ...stages: readonly Stage[]): LoopKernel => ({
  kind: 'loop',
  name: 'k',
  outer,
  stages,
});
const at = (vs: readonly Var[]): Index =>
  linearize(
    vs.map(variable),
    vs.map((v) => v.extent),
  );
const vars = (...extents: readonly number[]): Var[] => extents.map(newVar);
const product = (xs: readonly number[]): number => xs.reduce((a, b) => a * b, 1);

describe('elementwise', () => {
  test.each(sizes)('add, mul and neg of %i elements, every dtype', (n) => {
    for (const d of dtypes) {
      const i = newVar(n);
      const x = load(0, variable(i), d);
      const y = load(1, variable(i), d);
      const value =
        d === 'bool' ? call('xor', d, x, call('not', d, y)) : call('add', d, call('mul', d, x, y), call('neg', d, x));
      check(
        kernel([i], { axes: [], actions: [store(2, variable(i), value)] }),
        {
          inputs: [
            [d, n],
            [d, n],
          ],
          outputs: [[d, n]],
        },
        [random(d, n, 1), random(d, n, 2)],
      );
    }
  });

  const binary: readonly ScalarOp[] = ['add', 'sub', 'mul', 'div', 'rem', 'min', 'max'];
  test.each(binary)('%s of floats and integers, awkward values included', (op) => {
    const special: Record<string, number[]> = {
      float32: [0, -0, 1, -1, 2.5, -7.75, 1e30, -1e-30, Infinity, -Infinity, NaN, 3],
      int32: [0, 1, -1, 7, -7, 2147483647, -2147483648, 3, 10, -10],
      uint32: [0, 1, 2, 7, 4294967295, 2147483648, 3, 10],
    };
    special['float64'] = special['float32']!;
    for (const d of ['float32', 'float64', 'int32', 'uint32'] as const) {
      const values = special[d]!;
      const n = values.length;
      const [i, j] = vars(n, n) as [Var, Var];
      const a = random(d, n);
      a.set(values);
      const value = call(op, d, load(0, variable(i), d), load(0, variable(j), d));
      check(
        kernel([i, j], { axes: [], actions: [store(1, at([i, j]), value)] }),
        { inputs: [[d, n]], outputs: [[d, n * n]] },
        [a],
      );
    }
  });

  test.each(['eq', 'ne', 'lt', 'le', 'gt', 'ge'] as const)('%s, and select by it', (op) => {
    for (const d of dtypes) {
      for (const n of [3, 17]) {
        const i = newVar(n);
        const [x, y] = [load(0, variable(i), d), load(1, variable(i), d)];
        const c = cmp(op, x, y);
        check(
          kernel([i], {
            axes: [],
            actions: [
              store(2, variable(i), c),
              store(3, variable(i), select(c, x, y)),
              store(4, variable(i), select(c, lit(1, 'float32'), lit(2, 'float32'))),
            ],
          }),
          {
            inputs: [
              [d, n],
              [d, n],
            ],
            outputs: [
              ['bool', n],
              [d, n],
              ['float32', n],
            ],
          },
          [
            random(d, n, 5).map((v: number) => Math.round(v)) as never,
            random(d, n, 7).map((v: number) => Math.round(v)) as never,
          ],
        );
      }
    }
  });

  test('conversions between all dtypes', () => {
    for (const from of dtypes) {
      for (const to of dtypes) {
        const values =
          from === 'float32' || from === 'float64'
            ? [0, 1.5, -1.5, 3e9, -3e9, 5e9, NaN, 0.25, 2147483520]
            : from === 'bool'
              ? [0, 1, 1, 0, 1]
              : from === 'int32'
                ? [0, 1, -1, 2147483647, -2147483648]
                : [0, 1, 4294967295, 2147483648, 7];
        const n = values.length;
        const i = newVar(n);
        const a = random(from, n);
        a.set(values);
        check(
          kernel([i], { axes: [], actions: [store(1, variable(i), convert(load(0, variable(i), from), to))] }),
          { inputs: [[from, n]], outputs: [[to, n]] },
          [a],
        );
      }
    }
  });

  test('bits: shifts by constants, lanes and more than 31; ldexp, exponent, significand', () => {
    const n = 13;
    const i = newVar(n);
    for (const d of ['int32', 'uint32'] as const) {
      const x = load(0, variable(i), d);
      const s = load(1, variable(i), d);
      for (const op of ['shl', 'shr'] as const) {
        const k = kernel([i], {
          axes: [],
          actions: [
            store(2, variable(i), call(op, d, x, s)),
            store(3, variable(i), call(op, d, x, lit(5, d))),
            store(4, variable(i), call(op, d, x, lit(40, d))),
          ],
        });
        const counts = random(d, n);
        counts.set([0, 1, 5, 31, 32, 33, 64, 100, 7, 8, 9, 30, 2]);
        check(
          k,
          {
            inputs: [
              [d, n],
              [d, n],
            ],
            outputs: [
              [d, n],
              [d, n],
              [d, n],
            ],
          },
          [random(d, n, 3), counts],
        );
      }
    }
    for (const d of ['float32', 'float64'] as const) {
      const x = load(0, variable(i), d);
      const k = kernel([i], {
        axes: [],
        actions: [
          store(
            1,
            variable(i),
            call(
              'ldexp',
              d,
              x,
              call('sub', 'int32', { op: 'index', dtype: 'int32', index: variable(i) }, lit(5, 'int32')),
            ),
          ),
          store(2, variable(i), call('exponent', 'int32', x)),
          store(3, variable(i), call('significand', d, x)),
        ],
      });
      check(
        k,
        {
          inputs: [[d, n]],
          outputs: [
            [d, n],
            ['int32', n],
            [d, n],
          ],
        },
        [random(d, n, 9)],
      );
    }
  });

  test('an output over its input', () => {
    const n = 37;
    const i = newVar(n);
    const x = load(0, variable(i));
    const y = load(1, variable(i));
    const k = kernel([i], {
      axes: [],
      actions: [
        store(2, variable(i), call('add', 'float32', x, y)),
        store(3, variable(i), call('mul', 'float32', x, y)),
        store(4, variable(i), y),
      ],
    });
    check(
      k,
      {
        inputs: [
          ['float32', n],
          ['float32', n],
        ],
        outputs: [
          ['float32', n],
          ['float32', n],
          ['float32', n],
        ],
      },
      [random('float32', n, 1), random('float32', n, 2)],
      0,
      new Map([
        [0, 0],
        [1, 1],
      ]),
    );
  });
});

describe('moves', () => {
  const shapes = [
    [3, 5],
    [37, 50],
    [130, 192],
    [4, 4],
    [1, 7],
    [17, 3],
    [8, 64],
    [2, 3, 5],
    [4, 1, 9],
  ];
  test.each(shapes)('transpose, flip, broadcast, reshape of %i %i %i', (...shape0) => {
    const shape = shape0.filter((s) => typeof s === 'number');
    for (const d of dtypes) {
      const n = product(shape);
      const vs = vars(...shape);
      const x = random(d, n);
      const reversed = [...vs].reverse();
      const cases: Record<string, Index> = {
        transpose: at(reversed),
        flip: linearize(
          vs.map((v) => sub(constant(v.extent - 1), variable(v))),
          shape,
        ),
        reshape: linearize(unlinearize(at(reversed), shape), shape),
        twice: linearize(
          unlinearize(
            linearize(
              unlinearize(at(vs), [n]).map((p) => mod(add(p, constant(2)), n)),
              [n],
            ),
            [...shape].reverse(),
          ),
          [...shape].reverse(),
        ),
      };
      for (const index of Object.values(cases))
        check(
          kernel(vs, { axes: [], actions: [store(1, at(vs), load(0, index, d))] }),
          { inputs: [[d, n]], outputs: [[d, n]] },
          [x],
        );
      const last = vs[vs.length - 1]!;
      check(
        kernel(vs, { axes: [], actions: [store(1, at(vs), load(0, variable(last), d))] }),
        { inputs: [[d, last.extent]], outputs: [[d, n]] },
        [random(d, last.extent)],
      );
      check(
        kernel(vs, { axes: [], actions: [store(1, at(vs), load(0, variable(vs[0]!), d))] }),
        { inputs: [[d, vs[0]!.extent]], outputs: [[d, n]] },
        [random(d, vs[0]!.extent)],
      );
    }
  });

  test('reshape, transpose and reshape again leaves digits', () => {
    // [6, 10] -> [4, 15] -> transposed [15, 4]
    const vs = vars(15, 4);
    const position = linearize([variable(vs[1]!), variable(vs[0]!)], [4, 15]);
    const [r, c] = unlinearize(position, [6, 10]) as [Index, Index];
    const swapped = linearize([c, r], [10, 6]);
    for (const d of dtypes)
      check(
        kernel(vs, { axes: [], actions: [store(1, at(vs), load(0, swapped, d))] }),
        { inputs: [[d, 60]], outputs: [[d, 60]] },
        [random(d, 60)],
      );
  });

  test.each(sizes.filter((n) => n > 0))('pad, slice and concatenate, size %i', (n) => {
    for (const d of dtypes) {
      const v = newVar(n + 5);
      const padded = load(0, shift(variable(v), -2), d, [{ index: variable(v), lo: 2, hi: 2 + n }], 1);
      check(
        kernel([v], { axes: [], actions: [store(1, variable(v), padded)] }),
        { inputs: [[d, n]], outputs: [[d, n + 5]] },
        [random(d, n)],
      );
      const w = newVar(n);
      const strided = load(0, shift(scale(variable(w), 3), 1), d);
      check(
        kernel([w], { axes: [], actions: [store(1, variable(w), strided)] }),
        { inputs: [[d, 3 * n]], outputs: [[d, n]] },
        [random(d, 3 * n)],
      );
      const [r, c] = vars(3, n + 6) as [Var, Var];
      const left: Expr = load(0, linearize([variable(r), variable(c)], [3, n]), d);
      const right: Expr = load(1, linearize([variable(r), shift(variable(c), -n)], [3, 6]), d);
      const both: Expr = {
        op: 'guarded',
        dtype: d,
        guards: [{ index: variable(c), lo: 0, hi: n }],
        then: left,
        otherwise: right,
      };
      check(
        kernel([r, c], { axes: [], actions: [store(2, at([r, c]), both)] }),
        {
          inputs: [
            [d, 3 * n],
            [d, 18],
          ],
          outputs: [[d, 3 * (n + 6)]],
        },
        [random(d, 3 * n, 1), random(d, 18, 2)],
      );
      const [q, p] = vars(n + 2, 9) as [Var, Var];
      const top: Expr = load(0, at([q, p]), d);
      const bottom: Expr = load(1, linearize([shift(variable(q), -n), variable(p)], [2, 9]), d);
      const stacked: Expr = {
        op: 'guarded',
        dtype: d,
        guards: [{ index: variable(q), lo: 0, hi: n }],
        then: top,
        otherwise: bottom,
      };
      check(
        kernel([q, p], { axes: [], actions: [store(2, at([q, p]), stacked)] }),
        {
          inputs: [
            [d, n * 9],
            [d, 18],
          ],
          outputs: [[d, 9 * (n + 2)]],
        },
        [random(d, 9 * n, 1), random(d, 18, 2)],
      );
    }
  });

  test('gather by rows and by elements, guards on run-time indices', () => {
    for (const d of dtypes) {
      const [rows, width, count] = [7, 5, 9];
      const [i, j] = vars(count, width) as [Var, Var];
      const index = random('int32', count);
      for (let k = 0; k < count; k++) index[k] = ((k * 5) % (rows + 2)) - 1;
      const picked = valueIndex(load(1, variable(i), 'int32'));
      const value = load(
        0,
        linearize([picked, variable(j)], [rows, width]),
        d,
        [{ index: picked, lo: 0, hi: rows }],
        1,
      );
      check(
        kernel([i, j], { axes: [], actions: [store(2, at([i, j]), value)] }),
        {
          inputs: [
            [d, rows * width],
            ['int32', count],
          ],
          outputs: [[d, count * width]],
        },
        [random(d, rows * width), index],
      );
      const element = load(0, picked, d, [{ index: picked, lo: 0, hi: rows }], 0);
      check(
        kernel([i], { axes: [], actions: [store(2, variable(i), element)] }),
        {
          inputs: [
            [d, rows],
            ['int32', count],
          ],
          outputs: [[d, count]],
        },
        [random(d, rows), index],
      );
    }
  });

  test('gathers that are padded or concatenated read nothing where they are not', () => {
    for (const d of dtypes) {
      const [rows, n] = [40, 9];
      const index = random('int32', n);
      for (let k = 0; k < n; k++) index[k] = (k * 7) % (rows + 1);
      const v = newVar(n + 6);
      const pick = (offset: number): Index => valueIndex(load(1, shift(variable(v), offset), 'int32'));
      const padded = load(
        0,
        pick(-3),
        d,
        [
          { index: variable(v), lo: 3, hi: 3 + n },
          { index: pick(-3), lo: 0, hi: rows },
        ],
        1,
      );
      const buffers = {
        inputs: [
          [d, rows],
          ['int32', n],
        ],
        outputs: [[d, n + 6]],
      } as const;
      check(kernel([v], { axes: [], actions: [store(2, variable(v), padded)] }), buffers, [random(d, rows), index]);
      const joined: Expr = {
        op: 'guarded',
        dtype: d,
        guards: [{ index: variable(v), lo: 6, hi: 6 + n }],
        then: load(0, pick(-6), d, [{ index: pick(-6), lo: 0, hi: rows }]),
        otherwise: load(0, variable(v), d),
      };
      check(kernel([v], { axes: [], actions: [store(2, variable(v), joined)] }), buffers, [random(d, rows), index]);
    }
  });

  test('digits of a position as values', () => {
    const n = 29;
    const v = newVar(n);
    const value = call(
      'add',
      'int32',
      { op: 'index', dtype: 'int32', index: div(variable(v), 3) },
      { op: 'index', dtype: 'int32', index: scale(mod(shift(variable(v), -7), 5), 10) },
    );
    check(
      kernel([v], { axes: [], actions: [store(0, variable(v), value)] }),
      { inputs: [], outputs: [['int32', n]] },
      [],
    );
  });
});

describe('reductions', () => {
  const reduce = (op: ReduceOp, value: Expr, local: number, dtype: DType): Action => ({
    kind: 'reduce',
    op,
    value,
    local,
    dtype,
  });
  const local = (l: number, dtype: DType): Expr => ({ op: 'local', dtype, local: l });
  const layouts = [
    ['outer', 'inner'],
    ['inner', 'outer'],
    ['outer', 'inner', 'outer'],
    ['inner', 'outer', 'inner'],
  ];
  const opsFor = (d: DType): readonly ReduceOp[] =>
    d === 'bool' ? ['any', 'all', 'argmax', 'argmin'] : ['sum', 'prod', 'max', 'min', 'argmax', 'argmin'];

  test.each(sizes)('every operation and layout, %i elements reduced', (n) => {
    for (const d of dtypes) {
      for (const op of opsFor(d)) {
        for (const layout of layouts) {
          const extents = layout.map((l, i) =>
            l === 'inner' ? (i === 0 || layout.indexOf('inner') === i ? n : 3) : i === layout.indexOf('outer') ? 6 : 5,
          );
          const vs = vars(...extents);
          const outer = vs.filter((_, i) => layout[i] === 'outer');
          const axes = vs.filter((_, i) => layout[i] === 'inner');
          const to: DType = op.startsWith('arg') ? 'int32' : d;
          const k = kernel(
            outer,
            { axes, actions: [reduce(op, load(0, at(vs), d), 0, to)] },
            { axes: [], actions: [store(1, at(outer), local(0, to))] },
          );
          const x = random(d, product(extents), n + 1);
          if (op === 'prod' && d.startsWith('float')) x.forEach((v, i) => (x[i] = 1 + v * 1e-3));
          check(
            k,
            { inputs: [[d, product(extents)]], outputs: [[to, product(outer.map((v) => v.extent))]] },
            [x],
            d === 'float32' ? 2e-6 * Math.max(1, Math.sqrt(n)) : 1e-12,
          );
        }
      }
    }
  });

  test('NaN is the largest and the smallest', () => {
    for (const d of ['float32', 'float64'] as const) {
      const n = 23;
      const i = newVar(n);
      for (const op of ['max', 'min', 'argmax', 'argmin'] as const) {
        const x = random(d, n);
        x[11] = NaN;
        x[17] = NaN;
        const to: DType = op.startsWith('arg') ? 'int32' : d;
        const out = check(
          kernel(
            [],
            { axes: [i], actions: [reduce(op, load(0, variable(i), d), 0, to)] },
            { axes: [], actions: [store(1, constant(0), local(0, to))] },
          ),
          { inputs: [[d, n]], outputs: [[to, 1]] },
          [x],
        );
        expect(out[0]![0]).toEqual(op.startsWith('arg') ? 11 : NaN);
      }
    }
  });

  test.each([
    [3, 5],
    [4, 16],
    [5, 17],
    [2, 1000],
    [17, 3],
    [64, 1],
    [1, 64],
  ])('a row program: normalised rows of [%i, %i], along either axis', (m, n) => {
    for (const d of ['float32', 'float64'] as const) {
      for (const flipped of [false, true]) {
        const [i, j] = vars(m, n) as [Var, Var];
        const x = load(0, flipped ? linearize([variable(j), variable(i)], [n, m]) : at([i, j]), d);
        const centred = call('sub', d, x, call('div', d, local(0, d), lit(n, d)));
        const k = kernel(
          [i],
          { axes: [j], actions: [reduce('sum', x, 0, d)] },
          {
            axes: [j],
            actions: [
              reduce('sum', call('mul', d, centred, centred), 1, d),
              { kind: 'row', row: 0, dtype: d, value: centred },
            ],
          },
          { axes: [], actions: [store(2, variable(i), local(1, d))] },
          {
            axes: [j],
            actions: [
              store(
                1,
                flipped ? linearize([variable(j), variable(i)], [n, m]) : at([i, j]),
                call(
                  'div',
                  d,
                  { op: 'row', dtype: d, row: 0 },
                  call('sqrt', d, call('add', d, local(1, d), lit(1, d))),
                ),
              ),
            ],
          },
        );
        check(
          k,
          {
            inputs: [[d, m * n]],
            outputs: [
              [d, m * n],
              [d, m],
            ],
          },
          [random(d, m * n)],
          d === 'float32' ? 1e-5 : 1e-12,
        );
      }
    }
  });

  test('long sums of float32 are accurate', () => {
    const n = 10_000_000;
    const i = newVar(n);
    const k = kernel(
      [],
      {
        axes: [i],
        actions: [reduce('sum', lit(0.1, 'float32'), 0, 'float32'), reduce('sum', load(0, variable(i)), 1, 'float32')],
      },
      { axes: [], actions: [store(1, constant(0), local(0, 'float32')), store(2, constant(0), local(1, 'float32'))] },
    );
    const x = new Float32Array(n).fill(0.1);
    const total = 1e7 * Math.fround(0.1);
    const sums = execute(
      k,
      {
        inputs: [['float32', n]],
        outputs: [
          ['float32', 1],
          ['float32', 1],
        ],
      },
      [x],
    );
    for (const out of sums) expect(Math.abs(out[0]! / total - 1)).toBeLessThan(1e-6);
    const [r, c] = vars(1_000_000, 10) as [Var, Var];
    const columns = kernel(
      [c],
      { axes: [r], actions: [reduce('sum', load(0, at([r, c])), 0, 'float32')] },
      { axes: [], actions: [store(1, variable(c), local(0, 'float32'))] },
    );
    const [out] = execute(columns, { inputs: [['float32', n]], outputs: [['float32', 10]] }, [x]);
    for (const s of out!) expect(Math.abs(s / (total / 10) - 1)).toBeLessThan(1e-6);
  });
});
