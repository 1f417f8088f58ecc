// The tables of primitives: complete, right on the reference with all their rules, and the same eagerly on the default device.
import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Tensor } from '../../src/index.ts';
import { isFloat } from '../../src/core/dtype.ts';
import { setEvaluator } from '../../src/core/interpreter.ts';
import type { Primitive } from '../../src/core/primitive.ts';
import { evaluateEagerly } from '../../src/jit/eager.ts';
import { referenceEvaluate } from '../../src/reference/evaluate.ts';
import { checkBatching, checkDerivatives, checkForward } from './check.ts';
import { closeTo, withGradient } from './agreement.ts';
import { drawInput, generator, label, toHost } from './row.ts';
import { elementary, functions, structural } from './rows.ts';

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

describe('eagerly on the default device, in float32, against the reference in float64', () => {
  // What follows a number of float32 is another one in float64.
  const rows = [...all, ...functions].filter((row) => row.primitive !== 'nextafter');
  it.each(rows.map((row) => [label(row), row] as const))('%s', (_, row) => {
    const random = generator(3);
    const xs = row.inputs.map((spec) => drawInput(spec, random, 'float32'));
    const { values, gradient } = withGradient(row, xs);
    const everything = (...vs: Tensor[]): readonly Tensor[] => {
      const outs = values(...vs);
      return gradient === null || !outs.every((y) => isFloat(y.dtype)) ? outs : [...outs, ...gradient(...vs)];
    };
    setEvaluator(referenceEvaluate);
    const wide = xs.map((x) => (x.dtype === 'float32' ? x.astype('float64') : x));
    const want = everything(...wide).map(toHost);
    setEvaluator(evaluateEagerly);
    const eager = everything(...xs);
    expect(eager.length).toBe(want.length);
    want.forEach((w, k) => {
      closeTo(`eagerly, result ${k}`, toHost(eager[k]!), w);
    });
  });
});
