// debug.nans: which operation it names, in which pass, at which line and step.
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  add,
  checkpoint,
  cond,
  customJvp,
  customVjp,
  debug,
  div,
  exp,
  foriLoop,
  full,
  grad,
  greater,
  jit,
  jvp,
  less,
  log,
  max,
  mul,
  NonFiniteError,
  scan,
  sqrt,
  sub,
  sum,
  tensor,
  TracerError,
  vmap,
  where,
  whileLoop,
  zeros,
  type Tensor,
} from '../../src/index.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

const failure = (run: () => unknown): NonFiniteError => {
  try {
    run();
  } catch (error) {
    if (error instanceof NonFiniteError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
};
/** The text of the user's line that an error names. */
const source = ({ line }: NonFiniteError): string => {
  const [, file, at] = /^(?:file:\/\/)?(.*):(\d+):\d+$/.exec(line!)!;
  return readFileSync(file!, 'utf8').split('\n')[Number(at) - 1]!.trim();
};

describe('what is finite', () => {
  test('is returned as it is, in its structure, from one trace', () => {
    let traces = 0;
    const f = debug.nans((p: { readonly w: Tensor }, rate: number) => {
      traces++;
      return { w: mul(p.w, rate), mask: greater(p.w, 0) };
    });
    expect(f({ w: tensor([1, -2]) }, 0.5).w.arraySync()).toEqual([0.5, -1]);
    expect(f({ w: tensor([2, 2]) }, 3).mask.arraySync()).toEqual([true, true]);
    expect(traces).toBe(1);
  });

  test('may be infinite on the way', () => {
    const f = debug.nans((x: Tensor) => exp(where(greater(x, 0), x, -Infinity)));
    expect(f(tensor([-1, 0])).arraySync()).toEqual([0, 0]);
    expect(
      debug
        .nans((x: Tensor) => div(1, div(x, 0)))(tensor(2))
        .itemSync(),
    ).toBe(0);
  });
});

describe('the forward pass', () => {
  test('operation, line, operands', () => {
    const f = (x: Tensor): Tensor => {
      const y = mul(x, 2);
      const unused = div(x, 0);
      const z = log(y); // here
      return sum(where(greater(z, 100), unused, mul(z, z)));
    };
    const e = failure(() => debug.nans(f)(tensor([-1, 0, 3])));
    expect([e.operation, e.phase, source(e)]).toEqual(['log', 'forward', 'const z = log(y); // here']);
    expect(e.operands).toEqual([{ shape: [3], dtype: 'float32', min: -2, max: 6, nans: 0, infinities: 0 }]);
    expect(e.results[0]).toMatchObject({ nans: 1, infinities: 1 });
    expect(e.message).toMatch(/^debug\.nans: log made NaN out of finite values, in the forward pass, at .*nans\.test\.ts:\d+:\d+\n +operand 0: float32\[3\], min -2, max 6\n +result: float32\[3\], min 1\.79176, max 1\.79176, 1 NaN, 1 infinity/); // prettier-ignore
  });

  test('inside of jitted functions, under vmap, in what nested ones share', () => {
    const inner = jit((x: Tensor) => {
      const r = sqrt(x);
      return r;
    });
    inner(tensor(1));
    const outer = jit((x: Tensor) => add(inner(x), 1));
    const e = failure(() => debug.nans(vmap(outer))(tensor([1, -1])));
    expect([e.operation, source(e)]).toEqual(['sqrt', 'const r = sqrt(x);']);
  });

  test('literals are not to blame, what makes NaN of them is', () => {
    const f = (x: Tensor): Tensor => {
      const masked = where(greater(x, 10), x, full([2], -Infinity));
      const shifted = sub(masked, max(masked));
      return sum(exp(shifted));
    };
    const e = failure(() => debug.nans(f)(tensor([1, 2])));
    expect([e.operation, source(e)]).toEqual(['sub', 'const shifted = sub(masked, max(masked));']);
    expect(e.message).toContain('out of infinities');
  });

  test('the step of a loop', () => {
    const f = (xs: Tensor): Tensor =>
      scan(
        (c: Tensor, x: Tensor) => {
          const y = div(c, x);
          return [sub(c, 1), y];
        },
        tensor(10),
        xs,
      )[1];
    const e = failure(() => debug.nans(f)(tensor([1, 2, 0, 4])));
    expect([e.operation, e.steps, source(e)]).toEqual(['div', [{ loop: 'scan', step: 2 }], 'const y = div(c, x);']);
    const g = (x: Tensor): Tensor =>
      foriLoop(0, 3, (i, c) => whileLoop((d) => less(d, 2), (d) => add(d, log(sub(i, 1))), c), x); // prettier-ignore
    expect(failure(() => debug.nans(g)(tensor(0))).steps).toEqual([
      { loop: 'scan', step: 0 },
      { loop: 'whileLoop', step: 0 },
    ]);
    expect(failure(() => debug.nans(g)(tensor(0))).message).toContain(', at step 0 of scan, at step 0 of whileLoop, ');
  });

  test('the branch that ran', () => {
    const f = (x: Tensor): Tensor =>
      cond(
        greater(x, 0),
        (y: Tensor) => mul(y, 2),
        (y: Tensor) => log(y),
        x,
      );
    expect(debug.nans(f)(tensor(3)).itemSync()).toBe(6);
    expect(source(failure(() => debug.nans(f)(tensor(0))))).toBe('(y: Tensor) => log(y),');
  });
});

describe('the backward pass', () => {
  test('names the line of the forward operation', () => {
    const f = (x: Tensor): Tensor => {
      const squares = sum(mul(x, x));
      return sqrt(squares);
    };
    expect(
      debug
        .nans(f)(zeros([2]))
        .itemSync(),
    ).toBe(0);
    for (const g of [grad(f), grad(jit(f)), jit(grad(f))]) {
      const e = failure(() => debug.nans(g)(zeros([2])));
      expect([e.operation, e.phase, source(e)]).toEqual(['div', 'backward', 'return sqrt(squares);']);
      expect(e.message).toContain('in the backward pass, of the operation at ');
    }
  });

  test('the step of a scan, counted as in the forward pass', () => {
    const f = (c: Tensor): Tensor =>
      scan(
        (s: Tensor, x: Tensor) => {
          const r = sqrt(mul(s, x));
          return [add(s, 1), r];
        },
        c,
        tensor([1, 0, 1]),
      )[1].sum();
    expect(debug.nans(f)(tensor(1)).itemSync()).toBeCloseTo(1 + Math.sqrt(3));
    const e = failure(() => debug.nans(grad(f))(tensor(1)));
    expect([e.phase, e.steps, source(e)]).toEqual([
      'backward',
      [{ loop: 'scan', step: 1 }],
      'const r = sqrt(mul(s, x));',
    ]);
  });

  test('of the backward pass', () => {
    const f = (x: Tensor): Tensor => {
      const y = mul(x, sqrt(x));
      return y;
    };
    expect(debug.nans(grad(f))(tensor(4)).itemSync()).toBe(3);
    const e = failure(() => debug.nans(grad(grad(f)))(tensor(0)));
    expect([e.phase, source(e)]).toEqual(['backward', 'const y = mul(x, sqrt(x));']);
  });
});

describe('rules of the user and recomputation', () => {
  test('a rule of customVjp or customJvp: the line in the rule', () => {
    const f = customVjp({
      call: (x: Tensor) => log(x),
      fwd: (x: Tensor): [Tensor, Tensor] => [log(x), x],
      bwd: (x: Tensor, ct: Tensor): [Tensor] => [div(ct, sub(x, x))],
    });
    const e = failure(() => debug.nans(grad(f))(tensor(2)));
    expect([e.operation, e.phase]).toEqual(['div', 'backward']);
    expect(source(e)).toMatch(/^bwd:/);
    const inScan = (x: Tensor): Tensor => scan((c: Tensor) => [f(c), null], x, null, { length: 2 })[0];
    const deep = failure(() => debug.nans(jit(grad(inScan)))(tensor(20)));
    expect([source(deep).slice(0, 4), deep.steps]).toEqual(['bwd:', [{ loop: 'scan', step: 1 }]]);
    const g = customJvp({
      call: (x: Tensor) => log(x),
      jvp: ([x]: [Tensor], [dx]: [Tensor]): [Tensor, Tensor] => [log(x), div(dx, sub(x, x))],
    });
    expect(source(failure(() => debug.nans(grad(g))(tensor(2))))).toMatch(/^jvp:/);
    expect(failure(() => debug.nans((x: Tensor) => jvp(g, [x], [tensor(1)])[1])(tensor(2))).phase).toBe('forward');
  });

  test('what checkpoint computes again', () => {
    const f = checkpoint((x: Tensor): Tensor => {
      const y = mul(x, x);
      return sqrt(sum(y));
    });
    const e = failure(() => debug.nans(grad(f))(zeros([2])));
    expect([e.phase, source(e)]).toEqual(['backward', 'return sqrt(sum(y));']);
  });
});

describe('what is not the function', () => {
  test('arguments and captured values that are not finite are named', () => {
    const c = tensor([1, Infinity]);
    const e = failure(() => debug.nans((p: { readonly w: Tensor }) => mul(p.w, c))({ w: tensor([NaN, 1]) }));
    expect(e.operation).toBeUndefined();
    expect(e.message).toMatch(/what went in was not finite\n +argument \[0\]\.w: float32\[2\].*1 NaN\n +a captured value: float32\[2\].*1 infinity/); // prettier-ignore
  });

  test('effects happen once', () => {
    const lines: string[] = [];
    vi.spyOn(console, 'log').mockImplementation((x: string) => void lines.push(x));
    const f = (x: Tensor): Tensor =>
      scan(
        (c: Tensor, s: Tensor) => {
          debug.print('step', s);
          return [log(c), s];
        },
        x,
        tensor([1, 2]),
      )[0];
    failure(() => debug.nans(f)(tensor(0)));
    expect(lines).toEqual(['step 1', 'step 2']);
  });

  test('inside of a transform it is refused', () => {
    expect(() => grad(debug.nans((x: Tensor) => log(x)))(tensor(0))).toThrow(TracerError);
    expect(() => jit(debug.nans((x: Tensor) => log(x)))(tensor(0))).toThrow(/wrap the outermost function/);
  });

  test('donation inside is ignored', () => {
    const x = jit((t: Tensor) => add(t, 1))(zeros([2000]));
    const step = jit((t: Tensor) => log(sub(t, 1)), { donate: 0 });
    expect(failure(() => debug.nans(step)(x)).operation).toBe('log');
    expect(sum(x).itemSync()).toBe(2000);
  });
});
