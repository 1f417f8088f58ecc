// Named axes: what collectives compute, under every transform, and what they say where there is no such axis.
import { describe, expect, test } from 'vitest';
import {
  add,
  axisIndex,
  axisSize,
  div,
  exp,
  grad,
  jit,
  jvp,
  makeJaxpr,
  max,
  mean,
  min,
  mul,
  pmax,
  pmean,
  pmin,
  psum,
  sin,
  sqrt,
  sub,
  sum,
  tensor,
  vjp,
  vmap,
  type Tensor,
} from '../../src/index.ts';

const x = tensor([[1, 2, -1], [0.5, -3, 4], [2, 2, 0.25], [-1, 0, 1]]); // prettier-ignore
const close = (got: unknown, want: unknown, digits = 5): void => {
  const [a, b] = [got, want].map((t) => t as Tensor);
  expect(a!.shape).toEqual(b!.shape);
  const [u, v] = [a!.dataSync(), b!.dataSync()];
  v.forEach((w, i) => expect(u[i]).toBeCloseTo(Number(w), digits));
};

describe('collectives over a mapped axis', () => {
  test('are reductions along it, the same at every position', () => {
    const over = (f: (r: Tensor) => unknown): unknown => vmap(f, { axisName: 'i', outAxes: null })(x);
    close(
      over((r) => psum(r, 'i')),
      sum(x, 0),
    );
    close(
      over((r) => pmean(r, 'i')),
      mean(x, 0),
    );
    close(
      over((r) => pmax(r, 'i')),
      max(x, 0),
    );
    close(
      over((r) => pmin(r, 'i')),
      min(x, 0),
    );
  });

  test('count what is the same everywhere once for each position', () => {
    const f = (r: Tensor): readonly Tensor[] => {
      const c = tensor([2, 3]);
      return [psum(c, 'i'), pmean(c, 'i'), pmax(c, 'i'), psum(1, 'i'), add(r, axisSize('i'))];
    };
    const [s, m, t, n, y] = vmap(f, { axisName: 'i' })(tensor([1, 2, 3])) as Tensor[];
    expect(s!.arraySync()).toEqual([[6, 9], [6, 9], [6, 9]]); // prettier-ignore
    expect(m!.arraySync()).toEqual([[2, 3], [2, 3], [2, 3]]); // prettier-ignore
    expect(t!.arraySync()).toEqual([[2, 3], [2, 3], [2, 3]]); // prettier-ignore
    expect(n!.arraySync()).toEqual([3, 3, 3]);
    expect(y!.arraySync()).toEqual([4, 5, 6]);
  });

  test('take trees, bools and integers', () => {
    const tree = { a: tensor([true, false, true]), b: [tensor([1, 2, 4], 'int32')] as const };
    const out = vmap((t: typeof tree) => ({ s: psum(t, 'i'), m: pmean(t.b[0], 'i') }), {
      axisName: 'i',
      outAxes: null,
    })(tree as never) as unknown as { s: { a: Tensor; b: [Tensor] }; m: Tensor };
    expect([out.s.a.dtype, out.s.a.itemSync()]).toEqual(['int32', 2]);
    expect([out.s.b[0].dtype, out.s.b[0].itemSync()]).toEqual(['int32', 7]);
    expect(out.m.dtype).toBe('float32');
    close(out.m, tensor(7 / 3));
  });

  test('work over inner axes and any position of the batch axis', () => {
    close(vmap((c: Tensor) => psum(c, 'i'), { axisName: 'i', inAxes: 1, outAxes: null })(x), sum(x, 1));
  });

  test('axisIndex is the position', () => {
    expect(vmap(() => axisIndex('i'), { axisName: 'i', axisSize: 3 })()).toHaveProperty('dtype', 'int32');
    expect((vmap((a: Tensor) => mul(a, axisIndex('i')), { axisName: 'i' })(tensor([5, 5, 5])) as Tensor).arraySync()) // prettier-ignore
      .toEqual([0, 5, 10]);
  });
});

describe('several names', () => {
  const nested = <R>(f: (a: Tensor) => R, outer: string, inner: string): R =>
    vmap(vmap(f as never, { axisName: inner }) as never, { axisName: outer })(x) as R;

  test('each speaks of its own axis, or of both', () => {
    const full = (t: Tensor, axis: number | readonly number[]): Tensor =>
      add(mul(x, 0), sum(t, { axis, keepdims: true }));
    close(
      nested((a) => psum(a, 'i'), 'i', 'j'),
      full(x, 0),
    );
    close(
      nested((a) => psum(a, 'j'), 'i', 'j'),
      full(x, 1),
    );
    close(
      nested((a) => psum(a, ['i', 'j']), 'i', 'j'),
      full(x, [0, 1]),
    );
    close(
      nested((a) => pmean(a, ['j', 'i']), 'i', 'j'),
      div(full(x, [0, 1]), 12),
    );
    expect(nested(() => axisIndex(['i', 'j']), 'i', 'j').arraySync()).toEqual([
      [0, 1, 2],
      [3, 4, 5],
      [6, 7, 8],
      [9, 10, 11],
    ]);
    expect(vmap(() => psum(axisSize(['i']), 'i'), { axisName: 'i', axisSize: 3, outAxes: null })()).toHaveProperty(
      'shape',
      [],
    );
  });

  test('an inner one shadows an outer one of the same name', () => {
    close(
      nested((a) => psum(a, 'i'), 'i', 'i'),
      add(mul(x, 0), sum(x, { axis: 1, keepdims: true })),
    );
    expect((nested(() => psum(axisSize('i'), 'i'), 'i', 'i').arraySync() as number[][])[0]).toEqual([9, 9, 9]);
  });
});

describe('derivatives', () => {
  const spread = (r: Tensor): Tensor => mul(sin(r), psum(mul(r, r), 'i'));
  const plain = (t: Tensor): Tensor => mul(sin(t), sum(mul(t, t), { axis: 0, keepdims: true }));
  const mapped = (t: Tensor): Tensor => vmap(spread, { axisName: 'i' })(t) as Tensor;
  const dx = tensor([[1, 0, 2], [0.5, 1, 1], [-1, 2, 0], [1, 1, 1]]); // prettier-ignore

  test('grad of vmap, forward mode, second order, jitted or not', () => {
    close(mapped(x), plain(x));
    for (const wrap of [
      (f: (t: Tensor) => Tensor) => f,
      (f: (t: Tensor) => Tensor): ((t: Tensor) => Tensor) => jit(f),
    ]) {
      const [f, g] = [wrap(mapped), wrap(plain)];
      close(jvp(f, [x], [dx])[1], jvp(g, [x], [dx])[1], 4);
      const gradient = (h: (t: Tensor) => Tensor) => (t: Tensor) => grad((u: Tensor) => sum(h(u)))(t);
      close(wrap(gradient(f))(x), wrap(gradient(g))(x), 4);
      const twice = (h: (t: Tensor) => Tensor) => gradient((t) => mul(gradient(h)(t), dx));
      close(wrap(twice(f))(x), wrap(twice(g))(x), 3);
    }
  });

  test.each([
    ['pmax', pmax, max],
    ['pmin', pmin, min],
  ] as const)('%s has the derivative of its reduction; ties share', (_, p, reduce) => {
    const t = tensor([[1, 2], [1, 5], [0, 5]]); // prettier-ignore
    const w = tensor([2, 3]);
    const f = (u: Tensor): Tensor => sum(mul(w, vmap((r: Tensor) => p(r, 'i'), { axisName: 'i', outAxes: null })(u)));
    const g = (u: Tensor): Tensor => sum(mul(w, reduce(u, 0)));
    close(grad(f)(t), grad(g)(t));
    close(grad(jit(f))(t), grad(g)(t));
    // Unbatched, it is the value itself.
    close(
      grad((u: Tensor) =>
        sum(vmap((r: Tensor) => mul(r, p(u, 'i')), { axisName: 'i', outAxes: 0 })(tensor([1, 2])) as Tensor),
      )(tensor([3, 4])),
      tensor([3, 3]),
    );
  });

  test('the transpose of psum is psum: vmap of grad', () => {
    // d/dr of psum(r^2) pulls the sum of all cotangents back to each position.
    const f = (r: Tensor): Tensor => grad((u: Tensor) => psum(mul(u, u), 'i'))(r);
    expect((vmap(f, { axisName: 'i' })(tensor([1, 2, 3])) as Tensor).arraySync()).toEqual([6, 12, 18]);
    expect((jit(vmap(f, { axisName: 'i' }))(tensor([1, 2, 3])) as Tensor).arraySync()).toEqual([6, 12, 18]);
    const pulled = vmap((r: Tensor, ct: Tensor) => vjp((u: Tensor) => psum(u, 'i'), r)[1](ct)[0], { axisName: 'i' });
    expect((pulled(tensor([1, 2, 3]), tensor([1, 10, 100])) as Tensor).arraySync()).toEqual([111, 111, 111]);
    const second = (r: Tensor): Tensor => grad((u: Tensor) => grad((v: Tensor) => psum(exp(v), 'i'))(u))(r);
    const e = exp(tensor([1, 2, 3]));
    close(vmap(second, { axisName: 'i' })(tensor([1, 2, 3])), mul(e, 3), 3);
  });
});

describe('under jit', () => {
  test('inside of the mapped function: staged, and bound by the vmap around', () => {
    const inner = jit((r: Tensor) => add(mul(r, axisIndex('i')), psum(r, 'i')));
    const want = (n: number): Tensor => add(mul(tensor([1, 2, 3, 4].slice(0, n)), tensor([0, 1, 2, 3].slice(0, n))), (n * (n + 1)) / 2); // prettier-ignore
    close(vmap((r: Tensor) => inner(r), { axisName: 'i' })(tensor([1, 2, 3])), want(3));
    close(vmap(inner, { axisName: 'i' })(tensor([1, 2, 3, 4])), want(4));
    close(jit(vmap(inner, { axisName: 'i' }))(tensor([1, 2, 3])), want(3));
    // A program that reads nothing that is mapped.
    const counts = vmap(() => jit(() => psum(axisIndex('i'), 'i'))(), { axisName: 'i', axisSize: 4, outAxes: null })();
    expect((counts as Tensor).itemSync()).toBe(6);
  });

  test('traces are kept apart by the axes in scope', () => {
    const f = jit((r: Tensor) => mul(r, axisSize('i')));
    expect((vmap(f, { axisName: 'i' })(tensor([1, 1])) as Tensor).arraySync()).toEqual([2, 2]);
    expect((vmap(f, { axisName: 'i' })(tensor([1, 1, 1])) as Tensor).arraySync()).toEqual([3, 3, 3]);
    expect(() => f(tensor(1))).toThrow(/no axis named 'i'/);
    expect((vmap(f, { axisName: 'i' })(tensor([1, 1])) as Tensor).arraySync()).toEqual([2, 2]);
    expect(f.cache().length).toBe(2);
    const once = jit((r: Tensor) => mul(r, axisSize('i')), { maxTraces: 1 });
    vmap(once, { axisName: 'i' })(tensor([1, 1]));
    expect(() => vmap(once, { axisName: 'i' })(tensor([1, 1, 1]))).toThrow(/named axes in scope are "i"3, were "i"2/);
  });

  test('grad of a jitted function inside of the mapped one', () => {
    const f = jit((r: Tensor) => psum(mul(r, r), 'i'));
    expect((vmap(grad(f), { axisName: 'i' })(tensor([1, 2, 3])) as Tensor).arraySync()).toEqual([6, 12, 18]);
  });

  test('a program that holds a collective prints it', () => {
    const text = vmap(
      (r: Tensor) => {
        expect(makeJaxpr((u: Tensor) => psum(u, 'i'))(r).toString()).toContain('psum[axisName=i] a');
        return r;
      },
      { axisName: 'i' },
    );
    text(tensor([1, 2]));
  });
});

describe('batch normalisation over a mapped axis', () => {
  const w = tensor([[1, 2, 0], [0.5, 1, 1], [-1, 2, 3], [1, -1, 1]]); // prettier-ignore
  const one = (r: Tensor): Tensor => {
    const centred = sub(r, pmean(r, 'batch'));
    return div(centred, sqrt(add(pmean(mul(centred, centred), 'batch'), 1e-3)));
  };
  const batchwise = (t: Tensor): Tensor => {
    const centred = sub(t, mean(t, 0));
    return div(centred, sqrt(add(mean(mul(centred, centred), 0), 1e-3)));
  };
  const mapped = (t: Tensor): Tensor => vmap(one, { axisName: 'batch' })(t) as Tensor;

  test('equals the formula over the batch, in value and gradient', () => {
    const loss = (f: (t: Tensor) => Tensor) => (t: Tensor) => sum(mul(w, f(t)));
    close(mapped(x), batchwise(x));
    close(jit(mapped)(x), batchwise(x));
    close(grad(loss(mapped))(x), grad(loss(batchwise))(x), 4);
    close(jit(grad(loss(mapped)))(x), grad(loss(batchwise))(x), 4);
  });
});

describe('a name that is not in scope', () => {
  test('is an error that names the operation, the axis, the names there are and the fix', () => {
    expect(() => psum(x, 'i')).toThrow(
      /psum: no axis named 'i' is in scope here; no axis has a name: call .*axisName: 'i'/,
    );
    expect(() => vmap((r: Tensor) => pmax(r, 'rows'), { axisName: 'cols' })(x)).toThrow(
      /pmax: no axis named 'rows' is in scope here; the names in scope are 'cols'/,
    );
    expect(() => jit((r: Tensor) => pmean(r, 'i'))(x)).toThrow(/pmean: no axis named 'i'/);
    expect(() => axisIndex('i')).toThrow(/axisIndex: no axis/);
    expect(() => axisSize('i')).toThrow(/axisSize: no axis/);
    expect(() => psum(x, 3 as never)).toThrow(/must be a string/);
    expect(() => psum(x, [])).toThrow(/at least one axis/);
    expect(() => vmap((r: Tensor) => r, { axisName: '' })(x)).toThrow(/string that is not empty/);
  });

  test('is out of scope after the call, also after one that failed', () => {
    vmap((r: Tensor) => psum(r, 'i'), { axisName: 'i' })(x);
    expect(() =>
      vmap(
        (_: Tensor): Tensor => {
          throw new Error('mine');
        },
        { axisName: 'i' },
      )(x),
    ).toThrow('mine');
    expect(() => psum(x, 'i')).toThrow(/no axis has a name/);
  });

  test('a staged collective whose name was never bound cannot be compiled', () => {
    let program: ReturnType<ReturnType<typeof makeJaxpr>> | undefined;
    vmap(
      (r: Tensor) => {
        program = makeJaxpr((u: Tensor) => psum(u, 'i'))(r);
        return r;
      },
      { axisName: 'i' },
    )(tensor([1, 2]));
    const e = program!.program.equations[0]!;
    expect(() => e.primitive.lower([], e.params, [])).toThrow(/psum: no axis named 'i' is in scope/);
  });
});
