// The LSTM language model learns: far below the entropy of single letters after a short training, and its gradient is right.
import { describe, expect, test } from 'vitest';
import { encode, init, learn, loss, readPlays, settings, type Params } from '../../examples/lstm-language-model.ts';
import { jit, valueAndGrad } from '../../src/index.ts';
import { key, randint } from '../../src/random/index.ts';
import { checkGrads } from '../../src/testing/index.ts';

describe('examples/lstm-language-model.ts', () => {
  test('after 100 small updates held-out text costs less than 2.7 nats a letter', { timeout: 60_000 }, async () => {
    const text = await readPlays();
    const { numbers, letters } = encode(text);
    expect(letters.length).toBe(62);
    const counts = letters.map((_, i) => numbers.reduce((n, letter) => n + (letter === i ? 1 : 0), 0) / numbers.length);
    const entropy = -counts.reduce((sum, p) => sum + p * Math.log(p), 0);
    const { history, heldOut, sample } = await learn(
      { ...settings, hidden: 64, batch: 4, updates: 100, rate: 2e-2 },
      text,
    );
    expect(history[0]!['loss']).toBeGreaterThan(entropy);
    expect(Math.abs(history[0]!['loss']! - Math.log(62))).toBeLessThan(0.5);
    expect(entropy).toBeGreaterThan(3.2);
    expect(heldOut).toBeLessThan(2.7);
    expect(sample).toHaveLength(500);
    // Words as long as words are.
    expect(sample.split(/\s+/).length).toBeGreaterThan(60);
  });

  test('the gradient through 500 steps is finite, and through 12 agrees with central differences', async () => {
    const p = init(5, 8)(key(0));
    checkGrads((q: Params) => loss(q, randint(key(1), [3, 13], 0, 5)), [p]);
    const [value, gradient] = jit(valueAndGrad((q: Params) => loss(q, randint(key(2), [2, 501], 0, 5))))(p);
    expect(Number(await value.item())).toBeGreaterThan(1);
    for (const g of Object.values(gradient)) expect(Number(await g.abs().sum().item())).toBeGreaterThan(0);
    for (const g of Object.values(gradient)) expect(Number(await g.abs().sum().item())).toBeLessThan(100);
  });
});
