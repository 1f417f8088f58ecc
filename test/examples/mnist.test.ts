// The digits example as its user meets it: a short run, and what it says of wrong options, bad files and unwritable folders.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
const data = join(root, 'examples', 'data', 'mnist');
const scratch = mkdtempSync(join(tmpdir(), 'cotangent-mnist-'));
afterAll(() => rmSync(scratch, { recursive: true }));

const run = (...args: string[]): { readonly status: number | null; readonly stdout: string; readonly stderr: string } =>
  spawnSync(process.execPath, ['--import', 'tsx', join(root, 'examples', 'mnist.ts'), ...args], {
    cwd: root,
    encoding: 'utf8',
    timeout: 120_000,
  });

describe('examples/mnist.ts', () => {
  test(
    'learns in one epoch and leaves pictures and a checkpoint; the last line is the accuracy',
    { timeout: 120_000 },
    () => {
      const out = join(scratch, 'run');
      const { status, stdout, stderr } = run('--epochs', '1', '--out', out);
      expect(stderr).toBe('');
      expect(status).toBe(0);
      const last = stdout.trimEnd().split('\n').at(-1)!;
      expect(last).toMatch(/^test accuracy \d+\.\d\d %$/);
      expect(Number(/[\d.]+/.exec(last)![0])).toBeGreaterThan(90);
      expect(readdirSync(out).sort()).toEqual(['confusion.svg', 'curves.svg', 'params.safetensors']);
      expect(readFileSync(join(out, 'curves.svg'), 'utf8')).toMatch(/^<\?xml|^<svg/);
    },
  );

  const refused = (name: string, args: () => string[], message: RegExp): void => {
    test(name, { timeout: 60_000 }, () => {
      const { status, stderr } = run(...args());
      expect(stderr).toMatch(message);
      expect(stderr).not.toMatch(/^\s+at /m);
      expect(status).toBe(1);
    });
  };
  refused('an unknown option', () => ['--epoch', '3'], /Unknown option '--epoch'/);
  refused(
    'an option without a number',
    () => ['--epochs', 'three'],
    /--epochs must be a whole number of at least 1, got 'three'/,
  );
  refused('a device that does not exist', () => ['--device', 'tpu'], /--device must be/);
  refused(
    'a missing data file',
    () => ['--data', join(scratch, 'nowhere'), '--out', join(scratch, 'a')],
    /t10k-images.*/,
  );
  refused(
    'a truncated data file',
    () => {
      for (const f of readdirSync(data)) copyFileSync(join(data, f), join(scratch, f));
      truncateSync(join(scratch, 't10k-images-idx3-ubyte.gz'), 100_000);
      return ['--data', scratch, '--out', join(scratch, 'b')];
    },
    /t10k-images-idx3-ubyte\.gz/,
  );
  refused(
    'a folder that cannot be written to',
    () => {
      writeFileSync(join(scratch, 'file'), '');
      return ['--out', join(scratch, 'file', 'inside')];
    },
    /cannot write to the folder/,
  );
});
