// What a bundler makes of the library: small enough, tree-shaken, and still working.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { afterAll, describe, expect, it } from 'vitest';
import { budget, bundle } from '../../scripts/bundle.ts';

const scratch = mkdtempSync(join(tmpdir(), 'cotangent-bundle-'));
afterAll(() => rmSync(scratch, { recursive: true }));

/** Runs a bundle in a bare Node of its own, away from the project's packages, and returns what it prints. */
const run = (code: string): string => {
  const file = join(scratch, 'bundle.mjs');
  writeFileSync(file, code);
  const { status, stdout, stderr } = spawnSync(process.execPath, [file], { encoding: 'utf8', cwd: scratch });
  // Node prints the throwing line of the bundle first, which is the whole bundle.
  if (status !== 0) throw new Error(stderr.slice(-2000));
  return stdout.trim();
};

describe('a bundle of the library', () => {
  it(`with grad and jit is under ${budget / 1000} kB gzipped, the WebAssembly backend included`, async () => {
    const { gzipped, files } = await bundle(`import { grad, jit } from 'cotangent'; console.log(grad, jit);`, 'src');
    expect(files.map(([file]) => file)).toContainEqual(expect.stringMatching(/^src\/wasm\//));
    expect(gzipped, files.slice(0, 20).join('\n')).toBeLessThan(budget);
  });

  it('with grad and jit works', async () => {
    const { code } = await bundle(
      `import { grad, jit, tensor } from 'cotangent';
       const df = jit(grad((x) => x.mul(x).mul(x).sum()));
       console.log(JSON.stringify(await df(tensor([1, 2, 3])).array()));`,
      'src',
    );
    expect(run(code)).toBe('[3,12,27]');
  });

  it('with add alone works', async () => {
    const { code } = await bundle(`import { add } from 'cotangent'; console.log(await add(1.25, 2).item());`, 'src');
    expect(run(code)).toBe('3.25');
  });

  it('carries nothing of what it does not import', async () => {
    const { files } = await bundle(`import { add } from 'cotangent'; console.log(add);`, 'src');
    for (const [file, bytes] of files) {
      if (bytes > 0) expect(file).not.toMatch(/^src\/(nn|optim|io|data|train|testing|node|wgsl)\/|fp-ts/);
    }
  });
});
