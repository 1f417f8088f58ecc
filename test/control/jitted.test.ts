// What control flow compiles to: one kernel for a loop, few in its body, one call from JS whatever the number of steps, and small programs.
import { describe, expect, test } from 'vitest';
import {
  add,
  cond,
  cos,
  dynamicUpdateSlice,
  expandDims,
  explain,
  foriLoop,
  grad,
  greater,
  jit,
  makeJaxpr,
  map,
  matmul,
  mul,
  ones,
  scan,
  sin,
  sum,
  switchCase,
  tanh,
  tensor,
  vmap,
  whileLoop,
  zeros,
  type Tensor,
} from '../../src/index.ts';
import type { Plan } from '../../src/jit/kernel.ts';
import { emitModule } from '../../src/wasm/module.ts';

/** Kernels, those of bodies and branches indented below theirs. */
const kernels = (plan: Plan, indent = ''): string[] =>
  plan.kernels.flatMap((k) => {
    const parts =
      k.kind === 'scan' ? [k.body] : k.kind === 'while' ? [k.cond, k.body] : k.kind === 'cond' ? k.branches : [];
    return [
      `${indent}${k.kind === k.name ? k.kind : `${k.kind} ${k.name}`}`,
      ...parts.flatMap((p) => kernels(p, `${indent}  `)),
    ];
  });
const compiled = <A extends readonly unknown[]>(f: (...args: A) => unknown, ...args: A): string =>
  kernels(explain(f)(...args).plan).join('\n');

/** A recurrent cell over the rows of xs. */
const cell = (w: Tensor, xs: Tensor): Tensor =>
  scan((h: Tensor, x: Tensor) => [tanh(add(matmul(w, h), x)), null], zeros([8]), xs)[0];
const loss = (w: Tensor, xs: Tensor): Tensor => sum(cell(w, xs));

describe('kernels', () => {
  test('a loop is one, and its body is fused', () =>
    expect(compiled(cell, zeros([8, 8]), zeros([100, 8]))).toMatchInlineSnapshot(`
      "loop full
      scan
        contract dotGeneral_tanh"
    `));
  test('a gradient is two loops', () =>
    expect(compiled(grad(loss), zeros([8, 8]), zeros([100, 8]))).toMatchInlineSnapshot(`
      "loop full
      scan
        contract dotGeneral_tanh_mul
        loop copy
      loop full
      loop full
      scan
        loop mul
        contract dotGeneral
        contract dotGeneral_add"
    `));
  test('of vmap, batched within the step', () =>
    expect(compiled(vmap(cell, { inAxes: [null, 0] }), zeros([8, 8]), zeros([5, 100, 8]))).toMatchInlineSnapshot(`
      "loop full
      loop transpose
      scan
        contract dotGeneral
        loop tanh"
    `));
  test('work that is the same at every step stands before the loop', () =>
    expect(
      compiled(
        (k: Tensor, x: Tensor) => foriLoop(0, 9, (_, y: Tensor) => mul(y, sin(matmul(k, k))), x),
        zeros([4, 4]),
        zeros([4, 4]),
      ),
    ).toMatchInlineSnapshot(`
      "contract dotGeneral_sin
      scan
        loop mul"
    `));
  test('branches', () =>
    expect(
      compiled(
        (x: Tensor) =>
          cond(
            greater(sum(x), 0),
            (y) => sin(y),
            (y) => cos(tanh(y)),
            x,
          ),
        zeros([5]),
      ),
    ).toMatchInlineSnapshot(`
      "loop sum_convert
      cond
        loop cos
        loop sin"
    `));
  test('branches under vmap of the choice are a choice by element, without a branch', () =>
    expect(
      compiled(
        vmap((i: Tensor, x: Tensor) => switchCase(i, [(y) => sin(y), (y: Tensor) => cos(y), (y: Tensor) => y], x)),
        zeros([7], 'int32'),
        zeros([7, 3]),
      ),
    ).toMatchInlineSnapshot(`"loop select"`));
  test('whileLoop', () =>
    expect(
      compiled(
        (x: Tensor) =>
          whileLoop(
            (y) => greater(sum(y), 0.1),
            (y) => mul(sin(y), 0.5),
            x,
          ),
        zeros([5]),
      ),
    ).toMatchInlineSnapshot(`
      "while
        loop sum_gt
        loop mul"
    `));
  test('a carry written at an index', () =>
    expect(compiled((x: Tensor) => foriLoop(0, 10, (i, y: Tensor) => y.at(i).set(mul(i, 2)), x), zeros([10])))
      .toMatchInlineSnapshot(`
      "loop iota
      scan
        scatter"
    `));
  test('a carry written by dynamicUpdateSlice', () =>
    expect(
      compiled(
        (x: Tensor, rows: Tensor) =>
          scan(
            ({ i, y }, row: Tensor) => [
              { i: add(i, 1), y: dynamicUpdateSlice(y, expandDims(sin(row), 0), [i, tensor(0, 'int32')]) },
              null,
            ],
            { i: tensor(0, 'int32'), y: x },
            rows,
          )[0].y,
        zeros([10, 4]),
        zeros([10, 4]),
      ),
    ).toMatchInlineSnapshot(`
      "loop select
      scan
        loop add_select
        scatter"
    `));
  test('map in batches', () =>
    expect(compiled((xs: Tensor) => map((x: Tensor) => tanh(x), xs, { batchSize: 4 }), zeros([10, 3])))
      .toMatchInlineSnapshot(`
      "loop slice
      scan
        loop tanh
      loop concatenate"
    `));
});

describe('one call from JS', () => {
  const moduleOf = (steps: number): { readonly size: number; readonly imports: string[] } => {
    const { bytes } = emitModule(explain(grad(loss))(zeros([8, 8]), zeros([steps, 8])).plan, { relaxed: false });
    const module = new WebAssembly.Module(bytes as BufferSource);
    return { size: bytes.length, imports: WebAssembly.Module.imports(module).map((i) => `${i.kind} ${i.name}`) };
  };
  test('a loop in jit calls nothing outside of its module, which does not grow with the steps', () => {
    const [few, many] = [moduleOf(10), moduleOf(10_000)];
    expect(many.imports).toEqual(['memory memory']);
    expect(Math.abs(many.size - few.size)).toBeLessThan(64);
  });
  test('ten thousand steps', () => {
    const count = jit((n: Tensor) => scan((c: Tensor, x: Tensor) => [add(c, x), c], 0, n));
    const [total, before] = count(ones([10_000]));
    expect([total.itemSync(), before.slice(9_999).itemSync(), before.shape]).toEqual([10_000, 9_999, [10_000]]);
  });
  test('unroll makes a round of several steps, with the same values', () => {
    const f = (unroll: number) => (xs: Tensor) =>
      scan((c: Tensor, x: Tensor) => [sin(add(c, x)), c], 0, xs, { unroll })[1];
    const xs = ones([7]);
    expect(compiled(f(3), xs)).toMatchInlineSnapshot(`
      "loop convert
      loop slice
      scan
        loop sin
        loop concatenate
      loop concatenate"
    `);
    expect(jit(f(3))(xs).arraySync()).toEqual(jit(f(1))(xs).arraySync());
  });
});

describe('programs', () => {
  test('of a scan', () =>
    expect(
      makeJaxpr((xs: Tensor) => scan((c: Tensor, x: Tensor) => [add(c, mul(c, x)), tanh(c)], 0, xs))(
        zeros([3]),
      ).toString(),
    ).toMatchInlineSnapshot(`
      "{ lambda a:~float64[] b:float32[3] . let
          c:float32[] = convert[dtype=float32] a
          d:float32[] e:float32[3] = scan[program={ lambda a:float32[] b:float32[] . let
              c:float32[] = mul a b
              d:float32[] = add a c
              e:float32[] = tanh a
            in (d, e) } consts=0 carry=1 length=3 reverse=false unroll=1] c b
        in (d, e) }"
    `));
  test('of its gradient: a loop forward that stacks what the loop backward reads', () =>
    expect(
      makeJaxpr(grad((xs: Tensor) => scan((c: Tensor, x: Tensor) => [mul(c, sin(x)), null], tensor(1), xs)[0]))(
        zeros([3]),
      ).toString(),
    ).toMatchInlineSnapshot(`
      "{ lambda a:float32[] b:float32[3] . let
          c:float32[] d:float32[3] e:float32[3] f:float32[3] = scan[program={ lambda a:float32[] b:float32[] . let
              c:float32[] = sin b
              d:float32[] = cos b
              e:float32[] = mul a c
            in (e, d, c, a) } consts=0 carry=1 length=3 reverse=false unroll=1] a b
          g:float32[] = full[shape=[] value=0 dtype=float32]
          h:float32[] = full[shape=[] value=1 dtype=float32]
          i:float32[] j:float32[3] = scan[program={ lambda a:float32[] b:float32[] c:float32[] d:float32[] . let
              e:float32[] = mul d a
              f:float32[] = mul a c
              g:float32[] = mul e b
            in (f, g) } consts=0 carry=1 length=3 reverse=true unroll=1] h d e f
        in (j) }"
    `));
  test('of a scan in jit in jit: jits are calls, of their programs', () =>
    expect(
      makeJaxpr(jit((x: Tensor) => jit((y: Tensor) => foriLoop(0, 2, (_, c: Tensor) => sin(c), y))(x)))(
        tensor(1),
      ).toString(),
    ).toMatchInlineSnapshot(`
      "{ lambda a:float32[] . let
          b:float32[] = jit[name=jit program={ lambda a:float32[] . let
              b:float32[] = jit[name=jit program={ lambda a:float32[] . let
                  b:int32[2] = iota[shape=[2] axis=0 dtype=int32]
                  c:float32[] = scan[program={ lambda a:float32[] b:int32[] . let
                      c:float32[] = sin a
                    in (c) } consts=0 carry=1 length=2 reverse=false unroll=1] a b
                in (c) }] a
            in (b) }] a
        in (b) }"
    `));
});
