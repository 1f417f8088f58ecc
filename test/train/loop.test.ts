// Helpers of the loop: history, early stopping, progress, snapshots and evaluation as reducers over immutable states.
import fc from 'fast-check';
import { number as N } from 'fp-ts';
import { describe, expect, it } from 'vitest';
import { copyIn } from '../../src/core/host.ts';
import {
  advance,
  earlyStopping,
  evaluate,
  improves,
  observe,
  progressLine,
  record,
  series,
  showMetric,
  snapshot,
  startProgress,
  type EarlyStopping,
  type History,
} from '../../src/train/index.ts';

describe('history', () => {
  it('grows without changing what was', () => {
    const first: History = record([], { epoch: 1, loss: 0.5 });
    const second = record(first, { epoch: 2, loss: 0.25 });
    expect([first.length, second.length]).toEqual([1, 2]);
    expect(second).toEqual([
      { epoch: 1, loss: 0.5 },
      { epoch: 2, loss: 0.25 },
    ]);
  });
  it('gives curves, of what is measured now and then too', () => {
    const history: History = [
      { step: 0, loss: 3 },
      { step: 1, loss: 2, valid: 2.5 },
      { step: 2, loss: 1 },
    ];
    expect(series(history, 'step', 'loss')).toEqual({
      name: 'loss',
      points: [
        [0, 3],
        [1, 2],
        [2, 1],
      ],
    });
    expect(series(history, 'step', 'valid', 'validation')).toEqual({ name: 'validation', points: [[1, 2.5]] });
  });
});

describe('early stopping', () => {
  const run = (values: readonly number[], start: EarlyStopping<number>): EarlyStopping<number> =>
    values.reduce((s, v, i) => observe(s, v, i), start);

  it('keeps the best state and stops after so many observations without improvement', () => {
    const stopping = run([3, 2, 2.5, 2.2], earlyStopping({ patience: 2 }));
    expect([stopping.best, stopping.bestState, stopping.bestAt, stopping.stopped]).toEqual([2, 1, 1, true]);
    expect(run([3, 2, 2.5], earlyStopping({ patience: 2 })).stopped).toBe(false);
    expect(run([3, 2, 2.5, 1, 1.5], earlyStopping({ patience: 2 }))).toMatchObject({
      best: 1,
      bestState: 3,
      stopped: false,
    });
  });
  it('watches large values too', () => {
    expect(run([0.5, 0.9, 0.8], earlyStopping({ patience: 9, mode: 'max' }))).toMatchObject({
      best: 0.9,
      bestState: 1,
    });
  });
  it('wants an improvement of more than minDelta', () => {
    expect(run([1, 0.95, 0.85], earlyStopping({ patience: 9, minDelta: 0.1 }))).toMatchObject({
      best: 0.85,
      bestAt: 2,
    });
    expect(run([1, 0.95, 0.91], earlyStopping({ patience: 2, minDelta: 0.1 }))).toMatchObject({
      best: 1,
      bestAt: 0,
      stopped: true,
    });
  });
  it('takes NaN for no improvement, the first time as well', () => {
    expect(run([NaN, 2, NaN], earlyStopping({ patience: 9 }))).toMatchObject({ best: 2, bestState: 1, bestAt: 1 });
    expect(run([NaN, NaN], earlyStopping({ patience: 2 }))).toMatchObject({ bestState: undefined, stopped: true });
  });
  it('best is the first minimum, and no state is changed', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true }), { minLength: 1 }), (values) => {
        const states = values.reduce(
          (all, v, i) => [...all, Object.freeze(observe(all.at(-1) as EarlyStopping<number>, v, i))],
          [Object.freeze(earlyStopping<number>({ patience: 5 }))],
        );
        const least = values.reduce((a, b) => Math.min(a, b));
        expect(states.at(-1)?.bestState).toBe(values.findIndex((v) => v === least));
      }),
    );
  });
  it('tells beforehand whether a value improves', () => {
    const stopping = observe(earlyStopping<string>({ patience: 1 }), 2, 'a');
    expect([improves(stopping, 1), improves(stopping, 2), improves(stopping, NaN)]).toEqual([true, false, false]);
  });
});

describe('progress', () => {
  it('measures speed over the last seconds, so that a slow first step is forgotten', () => {
    let p = advance(startProgress(1000, 0), 2000);
    expect(p.rate).toBe(0.5);
    for (let i = 0; i < 100; i++) p = advance(p, p.at + 100);
    expect(p.rate).toBeGreaterThan(9.9);
    expect(p.rate).toBeLessThanOrEqual(10);
  });
  it('bears a clock that stands still', () => {
    const p = advance(advance(startProgress(10, 5), 5), 5);
    expect([p.done, p.rate]).toEqual([2, 0]);
    expect(Number.isFinite(advance(p, 6).rate)).toBe(true);
  });
  it('is one line', () => {
    let p = startProgress(118, 0);
    expect(progressLine(p, {}, { label: 'epoch 1/5' })).toBe('epoch 1/5 ────────────────────   0/118  00:00 < --:--');
    p = advance(p, 10_000, 59);
    expect(
      progressLine(p, { loss: 0.12345, accuracy: 0.9912 }, { label: 'epoch 1/5', unit: 'images', perStep: 64 }),
    ).toBe('epoch 1/5 ━━━━━━━━━━──────────  59/118  loss 0.1235  accuracy 0.9912  378 images/s  00:10 < 00:10');
    p = advance(p, 3_700_000, 59);
    expect(progressLine(p, {}, { bar: 0 })).toMatch(/^118\/118 {2}.* steps\/s {2}1:01:40 < 00:00$/);
  });
  it('never prints a broken number', () => {
    const steps = fc.array(fc.tuple(fc.double({ min: 0, max: 1e6, noNaN: true }), fc.nat({ max: 50 })), {
      maxLength: 20,
    });
    fc.assert(
      fc.property(fc.nat({ max: 100 }), steps, (total, ticks) => {
        const p = ticks.reduce((q, [dt, n]) => advance(q, q.at + dt, n), startProgress(total, 0));
        expect(progressLine(p)).not.toMatch(/NaN|Infinity|undefined/);
      }),
    );
  });
  it.each([
    [0, '0.0000'],
    [0.98765, '0.9877'],
    [12.345, '12.35'],
    [123.45, '123.5'],
    [1234.5, '1235'],
    [1.5e-5, '1.50e-5'],
    [-2e6, '-2.00e+6'],
    [NaN, 'NaN'],
  ] as const)('shows %d as %s', (v, text) => {
    expect(showMetric(v)).toBe(text);
  });
});

describe('snapshot', () => {
  it('outlives the original', async () => {
    const tree = { w: copyIn('test', Float32Array.of(1, 2), [2]), name: 'x', step: 3 };
    const copy = await snapshot(tree);
    tree.w.dispose();
    expect([copy.w.arraySync(), copy.name, copy.step]).toEqual([[1, 2], 'x', 3]);
  });
});

describe('evaluate', () => {
  it('merges in order, one at a time', async () => {
    let running = 0;
    const total = await evaluate({ concat: (a: string, b: string) => a + b, empty: '' }, [3, 1, 2], async (n) => {
      expect(++running).toBe(1);
      await new Promise((resolve) => setTimeout(resolve, n));
      running--;
      return String(n);
    });
    expect(total).toBe('312');
    expect(await evaluate(N.MonoidSum, [], () => 1)).toBe(0);
  });
});
