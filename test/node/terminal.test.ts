// The status line: rewritten in a terminal, sparse in a log, with its last state always shown.
import { expect, it } from 'vitest';
import { statusLine } from '../../src/node/index.ts';

const recorder = (
  tty: boolean,
  columns?: number,
): { readonly out: string[]; readonly clock: { now: number }; readonly status: ReturnType<typeof statusLine> } => {
  const out: string[] = [];
  const clock = { now: 0 };
  const stream = { isTTY: tty, ...(columns === undefined ? {} : { columns }), write: (text: string) => out.push(text) };
  return { out, clock, status: statusLine(stream, () => clock.now) };
};

it('writes over itself in a terminal, at most ten times a second, and ends on its last line', () => {
  const { out, clock, status } = recorder(true);
  for (const line of ['a', 'b', 'c', 'd']) {
    status.show(line);
    clock.now += 60;
  }
  status.end();
  status.show('next');
  status.end('done');
  expect(out).toEqual([
    '\r\u001b[2Ka',
    '\r\u001b[2Kc',
    '\r\u001b[2Kd',
    '\n',
    '\r\u001b[2Knext',
    '\r\u001b[2Kdone',
    '\n',
  ]);
});

it('cuts a line to the width of the terminal, by characters', () => {
  const { out, status } = recorder(true, 5);
  status.show('━━━━━━━');
  expect(out).toEqual(['\r\u001b[2K━━━━']);
});

it('writes a line now and then into a log, and the last one', () => {
  const { out, clock, status } = recorder(false);
  for (let i = 0; i < 25; i++) {
    clock.now += 1000;
    status.show(`step ${i}`);
  }
  status.end();
  expect(out).toEqual(['step 9\n', 'step 19\n', 'step 24\n']);
});

it('writes nothing where nothing was shown', () => {
  const { out, status } = recorder(true);
  status.end();
  expect(out).toEqual([]);
});
