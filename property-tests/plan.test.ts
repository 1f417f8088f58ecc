// Properties of compilation: simplification and fusion preserve values, and no two live buffers share memory.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { grad, makeJaxpr, sum, type Tensor } from '../src/index.ts';
import { bind } from '../src/core/interpreter.ts';
import { applyProgram } from '../src/core/stage.ts';
import { byteSize } from '../src/core/dtype.ts';
import { buffersOf } from '../src/jit/buffers.ts';
import type { Plan } from '../src/jit/kernel.ts';
import { packLives, planProgram } from '../src/jit/plan.ts';
import { simplify } from '../src/jit/simplify.ts';
import { arbitraries } from '../src/testing/index.ts';
import { expectClose } from './compare.ts';

const runs = Number(process.env['FC_RUNS'] ?? 40);
const limits = { buffers: 64, row: 32768 };
const gradientOf =
  (p: arbitraries.RandomProgram) =>
  (...xs: Tensor[]): Tensor[] => [
    grad((...ys: Tensor[]) =>
      p
        .run(...ys)
        .map((y) => sum(y))
        .reduce((a, b) => a.add(b)),
    )(...xs),
    ...p.run(...xs),
  ];

/** Every buffer in the arena with the kernels between which it is alive. */
const livesOf = (plan: Plan): { readonly at: number; readonly end: number; readonly from: number; to: number }[] => {
  const lives = new Map<number, { at: number; end: number; from: number; to: number }>();
  plan.kernels.forEach((k, i) => {
    const { reads, writes } = buffersOf(k);
    for (const id of [...writes, ...reads]) {
      const place = plan.places.get(id)!;
      if (place.kind !== 'arena') continue;
      const b = plan.buffers.get(id)!;
      const known = lives.get(id);
      if (known === undefined)
        lives.set(id, { at: place.offset, end: place.offset + b.length * byteSize(b.dtype), from: i, to: i });
      else known.to = i;
    }
  });
  return [...lives.values()];
};

/** A plan and those of the programs inside of its kernels. */
const plansIn = (plan: Plan): Plan[] => [
  plan,
  ...plan.kernels.flatMap((k) => {
    const parts =
      k.kind === 'scan' ? [k.body] : k.kind === 'while' ? [k.cond, k.body] : k.kind === 'cond' ? k.branches : [];
    return parts.flatMap(plansIn);
  }),
];

test('no two live slots overlap', () => {
  fc.assert(
    fc.property(arbitraries.program({ maxLength: 16 }), (p) => {
      const plan = planProgram(simplify(makeJaxpr(gradientOf(p))(...p.inputs()).program), limits);
      for (const part of plansIn(plan)) {
        const lives = livesOf(part);
        for (const a of lives)
          for (const b of lives) {
            if (a === b || a.to < b.from || b.to < a.from) continue;
            expect(a.end <= b.at || b.end <= a.at, `[${a.at}, ${a.end}) and [${b.at}, ${b.end})`).toBe(true);
          }
        for (const a of lives) expect(a.end).toBeLessThanOrEqual(part.arenaBytes);
      }
    }),
    { numRuns: runs },
  );
});

test('packed lives do not overlap and take no more than their sum', () => {
  const life = fc.record({ bytes: fc.nat({ max: 1000 }), from: fc.nat({ max: 20 }), length: fc.nat({ max: 10 }) });
  fc.assert(
    fc.property(fc.array(life, { maxLength: 30 }), (list) => {
      const lives = list.map((l, id) => ({ id, bytes: l.bytes, from: l.from, to: l.from + l.length }));
      const { offsets, total } = packLives(lives, 64);
      expect(total).toBeLessThanOrEqual(lives.reduce((n, l) => n + Math.ceil(l.bytes / 64) * 64, 64));
      for (const a of lives)
        for (const b of lives) {
          if (a.id >= b.id || a.to < b.from || b.to < a.from || a.bytes === 0 || b.bytes === 0) continue;
          const [x, y] = [offsets.get(a.id)!, offsets.get(b.id)!];
          expect(x + a.bytes <= y || y + b.bytes <= x).toBe(true);
        }
    }),
  );
});

// With loops there may be more: what is the same at every step moves out of them.
test.each([true, false])('simplification preserves values, and without loops never adds equations', (control) => {
  fc.assert(
    fc.property(arbitraries.program({ maxLength: 16, control }), (p) => {
      const { program, captured } = makeJaxpr(gradientOf(p))(...p.inputs('float64'));
      const simple = simplify(program);
      if (!control) expect(simple.equations.length).toBeLessThanOrEqual(program.equations.length);
      const run = (q: typeof program): Tensor[] => applyProgram(q, [...captured, ...p.inputs('float64')], bind);
      expectClose(run(simple), run(program), 1e-12, 'simplify');
    }),
    { numRuns: Math.ceil(runs / 2) },
  );
});
