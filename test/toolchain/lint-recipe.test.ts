// The lint recipe of docs/lint.md, as printed there, reports every use of a tensor as a condition and nothing else.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ESLint, type Linter } from 'eslint';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const fixtures = join(import.meta.dirname, 'fixtures', 'lint');
const file = join(fixtures, 'truthiness.ts');
const doc = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'lint.md'), 'utf8');

/** Inside the project, so that the recipe's `import` of typescript-eslint resolves. */
const scratch = mkdtempSync(join(import.meta.dirname, 'fixtures', '.recipe-'));
afterAll(() => rmSync(scratch, { recursive: true }));

const lines = (keep: (line: string) => boolean): readonly number[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line, i) => (keep(line) ? [i + 1] : []));

describe('the lint recipe of docs/lint.md', () => {
  let messages: readonly Linter.LintMessage[] = [];

  beforeAll(async () => {
    const recipe = /```js\n(.*?)```/s.exec(doc)?.[1];
    if (recipe === undefined) throw new Error('docs/lint.md has no ```js block');
    const path = join(scratch, 'eslint.config.mjs');
    writeFileSync(path, recipe);
    const { default: overrideConfig } = (await import(/* @vite-ignore */ pathToFileURL(path).href)) as {
      default: Linter.Config[];
    };
    const eslint = new ESLint({ cwd: fixtures, overrideConfigFile: true, overrideConfig });
    messages = (await eslint.lintFiles([file]))[0]?.messages ?? [];
  });

  it('parses the fixture', () => {
    expect(messages.filter((m) => m.fatal)).toEqual([]);
  });

  it('reports each use of a tensor as a condition', () => {
    expect([...new Set(messages.map((m) => m.line))]).toEqual(lines((line) => line.endsWith('// reported')));
    expect(new Set(messages.map((m) => m.ruleId))).toEqual(new Set(['@typescript-eslint/strict-boolean-expressions']));
  });

  it('knows the operations that the recipe offers instead', async () => {
    const api: Readonly<Record<string, unknown>> = await import('../../src/index.ts');
    for (const name of ['where', 'logicalNot', 'logicalAnd', 'logicalOr', 'all'])
      expect(api[name], name).toBeTypeOf('function');
  });
});
