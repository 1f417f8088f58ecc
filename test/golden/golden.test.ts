// Golden vectors: every case of every family that has operations here, in float32 on the default device and in float64 on the reference.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import '../../src/index.ts';
import { setEvaluator } from '../../src/core/interpreter.ts';
import { evaluateEagerly } from '../../src/jit/eager.ts';
import { referenceEvaluate } from '../../src/reference/evaluate.ts';
import { families, readCases, readOps, runCase } from './run.ts';

// PyTorch rounds celu's alpha (1.3) to float32 in the gradient.
const notInFloat64: ReadonlySet<string> = new Set(['celu']);

for (const family of families()) {
  const ops = await readOps(family);
  if (ops === undefined) continue;
  const cases = readCases(family).filter((c) => ops[c.op] !== undefined);

  describe(`${family}, float32 on the default device`, () => {
    for (const c of cases) it(c.name, () => expect(runCase(c, ops[c.op]!)).toEqual({ kind: 'passed' }));
  });

  describe(`${family}, float64 on the reference`, () => {
    beforeAll(() => setEvaluator(referenceEvaluate));
    afterAll(() => setEvaluator(evaluateEagerly));
    for (const c of cases) {
      if (notInFloat64.has(c.name)) continue;
      it(c.name, () => expect(runCase(c, ops[c.op]!, 'float64')).toEqual({ kind: 'passed' }));
    }
  });
}
