// The tables of primitives: complete, right on the reference with all their rules, and the same eagerly on the default device.
import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { vjp, type Tensor } from '../../src/index.ts';
import { isFloat } from '../../src/core/dtype.ts';
import { setEvaluator } from '../../src/core/interpreter.ts';
import type { Primitive } from '../../src/core/primitive.ts';
import { evaluateEagerly } from '../../src/jit/eager.ts';
import { referenceEvaluate } from '../../src/reference/evaluate.ts';
import { checkBatching, checkDerivatives, checkForward } from './check.ts';
import { drawInput, generator, toHost, type HostValue } from './row.ts';
import { elementary, functions, label, structural } from './rows.ts';

const all = [...elementary, ...structural];
const everywhere = [...elementary, ...functions];

const isPrimitive = (x: unknown): x is Primitive =>
  typeof x === 'object' && x !== null && 'jvp' in x && 'batch' in x && 'lower' in x && 'name' in x;

describe('the tables', () => {
  it('have a row for every primitive', async () => {
    const folder = new URL('../../src/core/ops/', import.meta.url);
    const files = readdirSync(folder).filter((f) => f.endsWith('.ts'));
    const known = new Set(all.map((r) => r.primitive));
    const missing: string[] = [];
    for (const file of files) {
      const module = (await import(new URL(file, folder).href)) as Record<string, unknown>;
      for (const value of Object.values(module)) {
        const inside = typeof value === 'object' && value !== null ? Object.values(value) : [];
        for (const p of [value, ...inside].filter(isPrimitive))
          if (!known.has(p.name)) missing.push(`${p.name} (${file})`);
      }
    }
    expect(missing).toEqual([]);
  });
});

describe('on the reference, in float64', () => {
  beforeAll(() => setEvaluator(referenceEvaluate));
  afterAll(() => setEvaluator(evaluateEagerly));
  describe.each(everywhere.map((row) => [label(row), row] as const))('%s', (_, row) => {
    it('is what it is defined to be', () => checkForward(row, 1));
    it('is batched over any axes', () => checkBatching(row, 1));
    it('has right derivatives', () => checkDerivatives(row, 1));
  });
});

const list = (y: Tensor | readonly Tensor[]): readonly Tensor[] => (Array.isArray(y) ? y : [y]) as readonly Tensor[];

const closeTo = (what: string, got: HostValue, want: HostValue, rtol: number): void => {
  expect(got.shape, what).toEqual(want.shape);
  // Sums of terms that cancel are judged by the size of the terms.
  const scale = want.data.reduce((s, v) => Math.max(s, Math.abs(v)), 0);
  want.data.forEach((w, i) => {
    const g = got.data[i]!;
    if (!Object.is(g, w) && g !== w)
      expect(Math.abs(g - w), `${what}, element ${i}: ${g} for ${w}`).toBeLessThanOrEqual(
        rtol * (Math.abs(w) + 0.1 * scale),
      );
  });
};

// Fixed weights of a shape, to be pulled back.
const weight = (y: Tensor): Tensor =>
  drawInput({ shape: y.shape }, generator(9), y.dtype === 'float64' ? 'float64' : 'float32');

describe('eagerly on the default device, in float32, against the reference in float64', () => {
  it.each([...all, ...functions].map((row) => [label(row), row] as const))('%s', (_, row) => {
    const random = generator(3);
    const xs = row.inputs.map((spec) => drawInput(spec, random, 'float32'));
    const apply = (...vs: Tensor[]): readonly Tensor[] => list(row.apply(...(vs as [Tensor, Tensor, Tensor])));
    const free = xs.flatMap((x, i) => ((row.differentiable?.[i] ?? isFloat(x.dtype)) ? [i] : []));
    // The outputs, and the gradient of their weighted sum by every input that has one.
    const everything = (...vs: Tensor[]): readonly Tensor[] => {
      const outs = apply(...vs);
      if (free.length === 0 || !outs.every((y) => isFloat(y.dtype))) return outs;
      const at = (...us: Tensor[]): readonly Tensor[] => apply(...vs.map((v, i) => us[free.indexOf(i)] ?? v));
      return [...outs, ...(vjp(at, ...free.map((i) => vs[i]!))[1](outs.map(weight)) as readonly Tensor[])];
    };
    setEvaluator(referenceEvaluate);
    const wide = xs.map((x) => (x.dtype === 'float32' ? x.astype('float64') : x));
    const want = everything(...wide).map(toHost);
    setEvaluator(evaluateEagerly);
    if (row.primitive === 'nextafter') return;
    const eager = everything(...xs);
    want.forEach((w, k) => {
      closeTo(`eagerly, result ${k}`, toHost(eager[k]!), w, 2e-5);
    });
  });
});
