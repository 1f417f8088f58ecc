// Updates in place: the operand's copy disappears where nothing needs it any more, and nowhere else. Counted in bytes; values as without.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  add,
  at,
  dynamicSlice,
  dynamicUpdateSlice,
  explain,
  grad,
  jit,
  less,
  matmul,
  mul,
  scan,
  sin,
  sub,
  sum,
  take,
  tensor,
  vmap,
  whileLoop,
  zeros,
  type Tensor,
} from '../../src/index.ts';
import type { Plan } from '../../src/jit/kernel.ts';
import { planProgram } from '../../src/jit/plan.ts';
import { simplify } from '../../src/jit/simplify.ts';
import { planBytes } from '../../src/jit/traffic.ts';
import { createReferenceDevice } from '../../src/reference/device.ts';

const limits = { buffers: 64, row: 32768, inPlace: true };
const planOf = (f: (...xs: never[]) => unknown, args: readonly unknown[], donated: readonly number[] = []): Plan => {
  const { program, captured } = jit(f as never).trace(...(args as never[]));
  return planProgram(simplify(program), limits, { donated: new Set(donated.map((i) => i + captured.length)) });
};
const copies = (p: Plan): number => p.kernels.filter((k) => k.kind === 'scatter' && k.init !== undefined).length;
const ramp = (...shape: number[]): Tensor =>
  tensor(Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i) * 2)).reshape(shape);
const close = (got: Tensor, want: Tensor): void => {
  const [g, w] = [got.dataSync(), want.dataSync()];
  expect(got.shape).toEqual(want.shape);
  let worst = 0;
  for (let n = 0; n < w.length; n++)
    worst = Math.max(worst, Math.abs(Number(g[n]) - Number(w[n])) / (1 + Math.abs(Number(w[n]))));
  expect(worst).toBeLessThanOrEqual(1e-4);
};
const i32 = (...v: number[]): Tensor => tensor(v, 'int32');
const scalar = (v: number): Tensor => tensor(v, 'int32');

// 4 MB, updated in rows of 4 KB.
const rows = 1024;
const wide = 1024;
const state = ramp(rows, wide);
const row = ramp(1, wide);

describe('an update moves the update', () => {
  test('dynamicUpdateSlice of a donated input', () => {
    const f = (x: Tensor, u: Tensor, i: Tensor): Tensor => dynamicUpdateSlice(x, u, [i, 0]);
    const p = planOf(f, [state, row, scalar(3)], [0]);
    expect([copies(p), [...p.aliases]]).toEqual([0, [[0, 0]]]);
    expect(p.arenaBytes).toBeLessThanOrEqual(64);
    // The row read and written, and the index.
    expect(planBytes(p)).toBeLessThan(2 * 4 * wide + 32);
    expect(explain(jit(f, { donate: 0 }))(state, row, scalar(3)).bytes).toBe(planBytes(p));
    // Without donation all of it is copied.
    expect(planBytes(planOf(f, [state, row, scalar(3)]))).toBeGreaterThanOrEqual(2 * 4 * rows * wide);
  });

  test('set and add at one index, at many, and along an axis', () => {
    const many = ramp(3, wide);
    const set = planOf((x: Tensor, u: Tensor, i: Tensor) => at(x, i).set(u), [state, ramp(wide), scalar(3)], [0]);
    expect(copies(set)).toBe(0);
    expect(planBytes(set)).toBeLessThan(2 * 4 * wide + 32);
    const plus = planOf((x: Tensor, u: Tensor, i: Tensor) => at(x, i).add(u), [state, many, i32(3, 9, 3)], [0]);
    expect(copies(plus)).toBe(0);
    expect(planBytes(plus)).toBeLessThan(3 * 3 * 4 * wide + 64);
  });

  test('chains of updates, of inputs and of temporaries', () => {
    const f = (x: Tensor, u: Tensor, i: Tensor): Tensor =>
      at(dynamicUpdateSlice(at(x, i).add(row.reshape([wide])), u, [add(i, 1), 0]), i32(5, 6)).mul(2);
    const p = planOf(f, [state, row, scalar(3)], [0]);
    expect([copies(p), p.aliases.size]).toEqual([0, 1]);
    expect(p.arenaBytes).toBeLessThanOrEqual(256);
    expect(planBytes(p)).toBeLessThan(12 * 4 * wide);
  });

  test('of a temporary', () => {
    const f = (x: Tensor, u: Tensor, i: Tensor): Tensor =>
      sin(dynamicUpdateSlice(dynamicUpdateSlice(matmul(x, x), u, [i, 0]), u, [0, i]));
    const p = planOf(f, [ramp(64, 64), ramp(2, 2), scalar(3)]);
    expect(p.kernels.map((k) => k.kind).filter((k) => k === 'scatter').length).toBe(2);
    expect(copies(p)).toBe(0);
    expect(p.arenaBytes).toBeLessThanOrEqual(4 * 64 * 64 + 256);
  });

  test('that reads what it updates: the values first, then the update', () => {
    const f = (x: Tensor, i: Tensor): Tensor =>
      dynamicUpdateSlice(x, mul(dynamicSlice(x, [sub(i, 1), 0], [1, wide]), 2), [i, 0]);
    const p = planOf(f, [state, scalar(3)], [0]);
    expect([copies(p), p.aliases.size]).toEqual([0, 1]);
    expect(planBytes(p)).toBeLessThan(5 * 4 * wide);
    const [a, b] = [jit(f, { donate: 0 })(add(state, 0), scalar(3)), f(state, scalar(3))];
    close(a, b);
  });

  test('behind what reads the operand later', () => {
    const f = (x: Tensor, i: Tensor): readonly Tensor[] => {
      const y = dynamicUpdateSlice(x, row, [i, 0]);
      return [y, dynamicSlice(x, [i, 0], [1, wide]), take(x, add(i, 1), 0)];
    };
    const p = planOf(f, [state, scalar(3)], [0]);
    expect([copies(p), p.aliases.size]).toEqual([0, 1]);
    const [got, want] = [jit(f, { donate: 0 })(add(state, 0), scalar(3)), f(state, scalar(3))];
    want.forEach((w, k) => close(got[k]!, w));
  });

  test('of static rows and columns, and of nothing', () => {
    const f = (x: Tensor, u: Tensor): Tensor => at(at(at(x, 0).set(u), [], -1).add(1), [5, 5]).set(7);
    const p = planOf(f, [state, ramp(wide)], [0]);
    expect([copies(p), p.aliases.size]).toEqual([0, 1]);
    expect(planBytes(p)).toBeLessThan(7 * 4 * wide);
    close(jit(f, { donate: 0 })(add(state, 0), ramp(wide)), f(state, ramp(wide)));
  });

  test('in the carry of a scan, step by step', () => {
    const f = (x: Tensor, us: Tensor): Tensor =>
      scan(
        ([buffer, i]: readonly [Tensor, Tensor], u: Tensor): readonly [readonly [Tensor, Tensor], Tensor] => [
          [dynamicUpdateSlice(buffer, u.reshape([1, wide]), [i, 0]), add(i, 1)],
          sum(dynamicSlice(buffer, [i, 0], [1, wide])),
        ],
        [x, scalar(0)] as const,
        us,
      )[0][0] as Tensor;
    const steps = 100;
    const p = planOf(f, [state, ramp(steps, wide)]);
    const mapped = planOf(
      (x: Tensor, us: Tensor, i: Tensor) =>
        vmap(
          (b: Tensor, u: Tensor, at0: Tensor) =>
            scan(
              ([c, k]: readonly [Tensor, Tensor], v: Tensor): readonly [readonly [Tensor, Tensor], null] => [
                [at(c, k).set(v), add(k, 1)],
                null,
              ],
              [b, at0] as const,
              u,
            )[0][0] as Tensor,
        )(x, us, i),
      [ramp(4, 100, 64), ramp(4, 10, 64), i32(0, 20, 40, 60)],
    );
    const batched = mapped.kernels.flatMap((k) => (k.kind === 'scan' ? [k.body] : []))[0]!;
    expect(copies(batched)).toBe(0);
    expect(planBytes(batched)).toBeLessThan(3 * 4 * 64 * 4);
    const loop = p.kernels.find((k) => k.kind === 'scan')!;
    const body = loop.kind === 'scan' ? loop.body : p;
    expect(copies(body)).toBe(0);
    expect(planBytes(body)).toBeLessThan(8 * 4 * wide);
    expect(planBytes(p)).toBeLessThan(2 * 4 * rows * wide + steps * 8 * 4 * wide);
    const want = state.arraySync() as number[][];
    const us = ramp(steps, wide).arraySync() as number[][];
    us.forEach((u, i) => (want[i] = u));
    close(jit(f)(state, ramp(steps, wide)), tensor(want));
  });
});

describe('gradients of reads are added up in place', () => {
  const text = (f: (...xs: never[]) => unknown, ...args: readonly unknown[]): string[] =>
    simplify(jit(f as never).trace(...(args as never[])).program).equations.map((e) => e.primitive.name);

  test('an addition of scattered zeros, either way round, and a chain of them', () => {
    const f = (x: Tensor, i: Tensor): Tensor => sum(mul(take(x, i, 0), sin(take(x, add(i, 1), 0))));
    const names = text((x: Tensor, i: Tensor) => add(x, grad(f)(x, i)), ramp(8, 4), scalar(2));
    // One of zeros, the other into it, and that into x: nothing is left to add.
    expect(names.filter((n) => n === 'scatter').length).toBe(2);
    const g = (x: Tensor, i: Tensor): Tensor => add(grad(f)(x, i), x);
    const want = jit(g, { device: createReferenceDevice() })(ramp(8, 4), scalar(2));
    close(jit(g)(ramp(8, 4), scalar(2)), want);
    close(jit(g, { donate: 0 })(ramp(8, 4), scalar(2)), want);
    close(g(ramp(8, 4), scalar(2)), want);
  });

  test('not where the scattered zeros are needed themselves, or where what is added to is not zero', () => {
    const scattered = (x: Tensor, i: Tensor): Tensor => at(mul(x, 0), i).add(1);
    const plain = (x: Tensor, i: Tensor): Tensor => at(zeros([8, 4]), i).add(1);
    const adds = (f: (x: Tensor, i: Tensor) => unknown): number =>
      text(f, ramp(8, 4), i32(1, 2)).filter((n) => n === 'add').length;
    const base = adds((x, i) => plain(x, i));
    expect(adds((x, i) => add(x, plain(x, i)))).toBe(base);
    expect(adds((x, i) => add(plain(x, i), x))).toBe(base);
    expect(adds((x, i) => add(x, scattered(x, i)))).toBe(base + 1);
    expect(adds((x, i) => { const s = plain(x, i); return [s, add(x, s)]; })).toBe(base + 1); // prettier-ignore
  });

  const steps = 50;
  const scanOf = (p: Plan): Plan[] => p.kernels.flatMap((k) => (k.kind === 'scan' ? [k.body] : []));
  const touched = 12 * 4 * wide;

  test('of a table that a scan reads, in the carry of its reverse pass', () => {
    const f = (table: Tensor, ids: Tensor): Tensor =>
      scan(
        (c: Tensor, i: Tensor): readonly [Tensor, null] => [sin(add(c, take(table, i, 0))), null],
        zeros([wide]),
        ids,
      )[0].sum() as Tensor;
    const ids = i32(...Array.from({ length: steps }, (_, i) => (i * 7) % 20));
    const p = planOf(grad(f), [state, ids]);
    expect(scanOf(p).length).toBe(2);
    for (const body of scanOf(p)) expect(planBytes(body)).toBeLessThan(touched);
    // By hand: one step after the other.
    const unrolled = (table: Tensor): Tensor => {
      let c = zeros([wide]) as Tensor;
      for (let i = 0; i < steps; i++) c = sin(add(c, take(table, (i * 7) % 20, 0)));
      return c.sum() as Tensor;
    };
    close(jit(grad(f))(state, ids), jit(grad(unrolled))(state));
  });

  test('of a buffer that a scan reads and writes by windows', () => {
    const f = (buffer: Tensor, us: Tensor): Tensor =>
      sum(
        scan(
          ([b, i]: readonly [Tensor, Tensor], u: Tensor): readonly [readonly [Tensor, Tensor], null] => {
            const before = dynamicSlice(b, [i, 0], [1, wide]);
            return [[dynamicUpdateSlice(b, sin(add(before, u)), [add(i, 1), 0]), add(i, 1)], null];
          },
          [buffer, scalar(0)] as const,
          us.reshape([steps, 1, wide]),
        )[0][0] as Tensor,
      );
    const us = ramp(steps, wide);
    const p = planOf(grad(f, { argnums: [0, 1] }), [state, us]);
    expect(scanOf(p).length).toBe(2);
    for (const body of scanOf(p)) expect(planBytes(body)).toBeLessThan(touched);
    const unrolled = (buffer: Tensor, u: Tensor): Tensor => {
      let b = buffer;
      for (let i = 0; i < steps; i++) b = at(b, i + 1).set(sin(add(b.at(i).get(), u.at(i).get())));
      return b.sum() as Tensor;
    };
    const got = jit(grad(f, { argnums: [0, 1] }))(state, us) as readonly Tensor[];
    (jit(grad(unrolled, { argnums: [0, 1] }))(state, us) as readonly Tensor[]).forEach((w, k) => close(got[k]!, w));
  });
});

describe('a loop over its own state', () => {
  // The state is updated in place, its mean square as a second carry through a spare.
  const f = (x: Tensor, us: Tensor): readonly Tensor[] =>
    scan(
      ([b, m]: readonly [Tensor, Tensor], u: Tensor): readonly [readonly [Tensor, Tensor], null] => [
        [at(b, 1).add(mul(u, sum(m))), sin(add(m, m.at([null, null, -1]).get()))],
        null,
      ],
      [x, ramp(6).mul(0.1)] as const,
      us,
    )[0] as unknown as readonly Tensor[];

  test.each([0, 1, 2, 3])('begins where its donated argument is: %i steps', (steps) => {
    const us = add(ramp(Math.max(steps, 1), 5), 0)
      .at([0, steps])
      .get();
    const p = planOf(f, [ramp(7, 5), us], [0]);
    const loop = p.kernels.find((k) => k.kind === 'scan');
    if (loop !== undefined) {
      expect([...p.aliases]).toEqual([[0, p.inputs.length - 2]]);
      expect(loop.kind === 'scan' && loop.carry.map((c) => c.init === c.out)).toContain(true);
    }
    const want = jit(f, { device: createReferenceDevice() })(ramp(7, 5), us);
    jit(f)(ramp(7, 5), us).forEach((g, k) => close(g, want[k]!));
    const state0 = add(ramp(7, 5), 0);
    jit(f, { donate: 0 })(state0, us).forEach((g, k) => close(g, want[k]!));
    const shared = add(ramp(7, 5), 0);
    const kept = shared.reshape([35]);
    jit(f, { donate: 0 })(shared, us).forEach((g, k) => close(g, want[k]!));
    close(kept, ramp(35));
  });

  test('an open loop too', () => {
    const g = (x: Tensor, n: Tensor): readonly Tensor[] =>
      whileLoop(
        ([, i]: readonly [Tensor, Tensor]): Tensor => less(i, n),
        ([b, i]: readonly [Tensor, Tensor]): readonly [Tensor, Tensor] => [at(b, i).mul(2), add(i, 1)],
        [x, scalar(0)] as const,
      ) as readonly Tensor[];
    for (const n of [0, 1, 4]) {
      const p = planOf(g, [ramp(7, 5), scalar(n)], [0]);
      expect(p.aliases.size).toBe(1);
      const want = jit(g, { device: createReferenceDevice() })(ramp(7, 5), scalar(n));
      jit(g, { donate: 0 })(add(ramp(7, 5), 0), scalar(n)).forEach((t, k) => close(t, want[k]!));
    }
  });

  test('but not over what is needed afterwards, or read by every step', () => {
    const loop = (p: Plan): number =>
      p.kernels.flatMap((k) => (k.kind === 'scan' ? k.carry.filter((c) => c.init === c.out) : [])).length;
    const us = ramp(3, 5);
    const step = (b: Tensor, u: Tensor): readonly [Tensor, null] => [at(b, 1).add(u), null];
    const x = ramp(7, 5);
    const after = (t: Tensor): unknown => {
      const y = sin(t);
      return [scan(step, y, us)[0], y];
    };
    expect(loop(planOf(after, [x], [0]))).toBe(0);
    const inside = (t: Tensor): unknown => scan((b: Tensor, u: Tensor) => step(add(b, t), u), t, us)[0];
    expect(loop(planOf(inside, [x], [0]))).toBe(0);
    for (const h of [after, inside] as ((t: Tensor) => unknown)[]) {
      const all = (t: Tensor): Tensor[] => [h(t)].flat() as Tensor[];
      const want = jit(all, { device: createReferenceDevice() })(x);
      jit(all, { donate: 0 })(add(x, 0)).forEach((t, k) => close(t, want[k]!));
    }
  });
});

describe('an operand is copied', () => {
  const u = ramp(1, wide);
  const still = (f: (x: Tensor, i: Tensor) => unknown, donated: readonly number[] = [0]): void => {
    const p = planOf(f, [ramp(8, wide), scalar(3)], donated);
    expect(copies(p)).toBe(1);
    const g = (x: Tensor, i: Tensor): Tensor[] => [f(x, i)].flat() as Tensor[];
    const got = jit(g, { donate: 0 })(ramp(8, wide), scalar(3));
    const want = jit(g, { device: createReferenceDevice() })(ramp(8, wide), scalar(3));
    want.forEach((w, k) => close(got[k]!, w));
  };
  test('where it is not ours', () => still((x, i) => dynamicUpdateSlice(x, u, [i, 0]), []));
  test('where it is returned too', () => still((x, i) => { const y = matmul(x, ramp(wide, 8)); return [y, dynamicUpdateSlice(y, ramp(1, 8), [i, 0])]; })); // prettier-ignore
  test('where it is updated twice', () =>
    still((x, i) => {
      const [a, b] = [at(x, i).add(1), at(x, i).mul(2)];
      return [a, b];
    }));
  test('where the places are read from it', () => {
    const f = (x: Tensor): Tensor => at(x, x).add(1);
    const p = planOf(f, [i32(1, 2, 0, 0)], [0]);
    expect(copies(p)).toBe(1);
    expect(jit(f, { donate: 0 })(i32(1, 2, 0, 0)).arraySync()).toEqual([3, 3, 1, 0]);
  });
  test('where what comes between needs both', () => still((x, i) => { const y = at(x, i).add(1); return [y, matmul(mul(x, y), ramp(wide, 3))]; })); // prettier-ignore
});

describe('whatever is updated and read, in any order', () => {
  interface Step {
    readonly kind: number;
    readonly from: number;
    readonly to: number;
    readonly i: number;
    readonly j: number;
  }
  const step: fc.Arbitrary<Step> = fc.record({
    kind: fc.nat(9),
    from: fc.nat(5),
    to: fc.nat(5),
    i: fc.nat(6),
    j: fc.nat(6),
  });
  const run =
    (steps: readonly Step[], keep: readonly number[]) =>
    (a: Tensor, b: Tensor, i: Tensor): Tensor[] => {
      const values: Tensor[] = [a, b];
      for (const s of steps) {
        const x = values[values.length - 1 - (s.from % Math.min(2, values.length))]!;
        const y = values[values.length - 1 - (s.to % values.length)]!;
        const k = add(i, s.i);
        const window = dynamicSlice(y, [sub(k, 2), 1], [1, 3]);
        const one = take(y, add(i, s.j), { axis: 0, mode: 'clip' });
        values.push(
          [
            (): Tensor => dynamicUpdateSlice(x, window, [k, 0]),
            (): Tensor => at(x, k).set(one),
            (): Tensor => at(x, [null], k).add(take(y, 1, 1)),
            (): Tensor => at(x, i32(s.i, s.j, s.i)).add(one),
            (): Tensor => at(x, i32(s.i, s.j)).mul(2),
            (): Tensor => at(x, k, s.j % 5).max(0.5),
            (): Tensor => add(x, mul(y, 0.5)),
            (): Tensor => mul(x, sum(one)),
            (): Tensor => grad((t: Tensor) => sum(mul(y, at(t, k).set(one))))(x),
            (): Tensor => add(y, grad((t: Tensor) => sum(mul(one, take(t, k, 0))))(x)),
          ][s.kind]!(),
        );
      }
      return keep.map((n) => values[values.length - 1 - (n % values.length)]!);
    };
  const fresh = (): [Tensor, Tensor, Tensor] => [add(ramp(7, 5), 0), add(mul(ramp(7, 5), 3), 0), scalar(1)];

  test('planning in place changes nothing', () => {
    const reference = createReferenceDevice();
    let inPlace = 0;
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 2, maxLength: 10 }),
        fc.array(fc.nat(3), { minLength: 1, maxLength: 3 }),
        fc.constantFrom([], [0], [0, 1]),
        (steps, keep, donate) => {
          const f = run(steps, keep);
          const got = jit(f, { donate })(...fresh());
          const want = jit(f, { device: reference })(...fresh());
          want.forEach((w, k) => {
            close(got[k]!, w);
          });
          const p = planOf(f as never, fresh(), donate);
          inPlace += p.kernels.filter((k) => k.kind === 'scatter' && k.init === undefined).length;
        },
      ),
      { numRuns: 100 },
    );
    expect(inPlace).toBeGreaterThan(50);
  });

  test('nor does it in the steps of a loop, whichever carry becomes which', () => {
    const reference = createReferenceDevice();
    let inPlace = 0;
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 1, maxLength: 6 }),
        fc.tuple(fc.nat(3), fc.nat(3), fc.nat(3)),
        fc.nat(4),
        (steps, keep, length) => {
          const body = run(steps, keep);
          const f = (a: Tensor, b: Tensor): Tensor[] => {
            const [carry, ys] = scan(
              ([x, y]: readonly [Tensor, Tensor], i: Tensor): readonly [readonly [Tensor, Tensor], Tensor] => {
                const [u, v, w] = body(x, y, i).map(sin) as [Tensor, Tensor, Tensor];
                const [p, q, r] = body(u, v, i) as [Tensor, Tensor, Tensor];
                return [[p, q], add(r, w)];
              },
              [a, b] as const,
              i32(...Array.from({ length }, (_, n) => n)),
            );
            return [...(carry as readonly Tensor[]), ys as Tensor];
          };
          // In float64: what goes through sin several times magnifies rounding.
          const args = (): [Tensor, Tensor] => {
            const x = ramp(7, 5).astype('float64');
            return [add(x, 0), mul(x, 3)];
          };
          const want = jit(f, { device: reference })(...args());
          jit(f, { donate: [0, 1] })(...args()).forEach((g, k) => close(g, want[k]!));
          const p = planOf(f, args(), [0, 1]);
          for (const body of [p, ...p.kernels.flatMap((k) => (k.kind === 'scan' ? [k.body] : []))])
            inPlace += body.kernels.filter((k) => k.kind === 'scatter' && k.init === undefined).length;
        },
      ),
      { numRuns: 60 },
    );
    expect(inPlace).toBeGreaterThan(30);
  });
});
