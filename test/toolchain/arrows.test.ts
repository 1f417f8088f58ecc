// The import check notices an arrow against the grain: each rule is shown a file that breaks it, and the real tree passes.
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
const scratch = mkdtempSync(join(tmpdir(), 'cotangent-arrows-'));
afterAll(() => rmSync(scratch, { recursive: true }));

const broken: Readonly<Record<string, string>> = {
  'src/core/a.ts': `import { g } from '../grad/g.ts'; export const a = g;`,
  'src/core/b.ts': `import { c } from './c.ts'; export const b = 1; export const bb = () => c;`,
  'src/core/c.ts': `import { b } from './b.ts'; export const c = () => b;`,
  'src/core/e.ts': `import { either } from 'fp-ts'; export const e = either;`,
  'src/core/f.ts': `import { readFileSync } from 'node:fs'; export const f = readFileSync;`,
  'src/core/h.ts': `import { h } from './nowhere.ts'; export { h };`,
  'src/core/i.ts': `import ts from 'typescript'; export const i = ts;`,
  'src/grad/g.ts': `export const g = 1;`,
  'src/grad/jit.ts': `import { s } from '../jit/schedule.ts'; export const j = s;`,
  'src/vmap/v.ts': `import { g } from '../grad/g.ts'; export const v = g;`,
  'src/jit/schedule.ts': `import { g } from '../grad/g.ts'; export const s = g;`,
  'src/jit/jit.ts': `import { g } from '../grad/g.ts'; import { w } from '../wasm/w.ts'; export const call = [g, w];`,
  'src/control/c.ts': `import { s } from '../jit/schedule.ts'; export const c = s;`,
  'src/wasm/w.ts': `import type { G } from '../wgsl/types.ts'; export const w = 1 as unknown as G;`,
  'src/wgsl/types.ts': `import { call } from '../jit/jit.ts'; export type G = typeof call;`,
  'src/reference/r.ts': `import { w } from '../wasm/w.ts'; export const r = w;`,
  'src/random/r.ts': `import { g } from '../grad/g.ts'; export const r = g;`,
  'src/nn/n.ts': `import { w } from '../wasm/w.ts'; export const n = w;`,
  'src/optim/o.ts': `import '../index.ts'; export const o = 1;`,
  'src/io/i.ts': `import { either } from 'fp-ts/lib/Either'; import { n } from '../nn/n.ts'; export const i = [either, n];`,
  'src/data/fc.ts': `import fc from 'fast-check'; export const f = fc;`,
  'src/data/d.ts': `import { n } from '../nn/n.ts'; export const d = n;`,
  'src/train/t.ts': `import { w } from '../wasm/w.ts'; export const t = w;`,
  'src/testing/t.ts': `import { w } from '../wasm/w.ts'; export const t = w;`,
  'src/index.ts': `export const index = 1;`,
};

/** `rule: file` of each violation that dependency-cruiser sees in the `src` folder of `cwd`. */
const violations = (cwd: string): ReadonlySet<string> => {
  const cli = join(root, 'node_modules', 'dependency-cruiser', 'bin', 'dependency-cruise.mjs');
  const args = [cli, 'src', '--config', '.dependency-cruiser.js', '--output-type', 'json'];
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd, encoding: 'utf8', maxBuffer: 1 << 28 });
  if (stdout === '') throw new Error(stderr);
  const { summary } = JSON.parse(stdout) as { summary: { violations: { rule: { name: string }; from: string }[] } };
  return new Set(summary.violations.map((v) => `${v.rule.name}: ${v.from}`));
};

describe('the import arrows', () => {
  it('hold in src/', () => {
    expect([...violations(root)]).toEqual([]);
  });

  it('are noticed when broken', () => {
    for (const name of ['package.json', 'tsconfig.json', '.dependency-cruiser.js'])
      cpSync(join(root, name), join(scratch, name));
    symlinkSync(join(root, 'node_modules'), join(scratch, 'node_modules'));
    for (const [file, code] of Object.entries(broken)) {
      mkdirSync(dirname(join(scratch, file)), { recursive: true });
      writeFileSync(join(scratch, file), code);
    }
    expect([...violations(scratch)].sort()).toMatchInlineSnapshot(`
      [
        "backends-know-no-transform: src/wgsl/types.ts",
        "control-on-transforms: src/control/c.ts",
        "core-stands-alone: src/core/a.ts",
        "data-on-public: src/data/d.ts",
        "fp-ts-by-its-index: src/io/i.ts",
        "fp-ts-off-the-hot-path: src/core/e.ts",
        "grad-on-core: src/grad/jit.ts",
        "io-on-public: src/io/i.ts",
        "jit-api: src/jit/jit.ts",
        "jit-on-core: src/jit/schedule.ts",
        "nn-on-public: src/nn/n.ts",
        "no-cycles: src/core/b.ts",
        "nobody-imports-the-entry: src/optim/o.ts",
        "node-only-where-node-is: src/core/f.ts",
        "only-declared-packages: src/core/i.ts",
        "optim-on-public: src/optim/o.ts",
        "optional-peers-in-their-floor: src/data/fc.ts",
        "random-on-core: src/random/r.ts",
        "reference-on-core: src/reference/r.ts",
        "resolvable: src/core/h.ts",
        "testing-on-public: src/testing/t.ts",
        "train-on-public: src/train/t.ts",
        "vmap-on-core: src/vmap/v.ts",
        "wasm-on-kernels: src/wasm/w.ts",
      ]
    `);
  });
});
