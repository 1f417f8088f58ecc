// The examples as their readers start them: each ends well, prints its figures and leaves its picture.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
const scratch = mkdtempSync(join(tmpdir(), 'cotangent-examples-'));
afterAll(() => rmSync(scratch, { recursive: true }));

describe('examples', () => {
  test.each([
    ['hmc', [], 'hmc/draws.svg', /^1000 draws, acceptance 0\.[78]\d*, step size [\d.]+, [\d.]+ s/m],
    ['neural-ode', [], 'neural-ode/spiral.svg', /^root mean squared distance 0\.[01]\d* over 300 steps/m],
    ['maml', [], 'maml/adapted.svg', /^MAML +[\d.]+ +0\.[5-7]\d*/m],
    ['lstm-language-model', ['4'], 'lstm/loss.svg', /^held-out text: [34]\.\d+ nats a letter$/m],
    ['hypergradients', [], 'hypergradients/curves.svg', /^validation loss 0\.\d+ -> 0\.2\d+ in 150 outer updates/m],
    ['pinn', [], 'pinn/heat.svg', /^1\.00 +0\.13[89]\d* +0\.13891/m],
  ])('%s.ts', { timeout: 120_000 }, async (name, args, picture, figures) => {
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      ['--import', import.meta.resolve('tsx'), join(root, 'examples', `${name}.ts`), ...args],
      { cwd: scratch },
    );
    expect(stderr).toBe('');
    expect(stdout).toMatch(figures);
    expect(stdout).not.toMatch(/NaN|undefined|Infinity/);
    expect(readFileSync(join(scratch, 'runs', picture), 'utf8')).toMatch(/^<svg/);
  });
});
