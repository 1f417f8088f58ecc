// Every `@example` of a docstring runs, and every `// expected` behind a statement holds.
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { castFor } from './cast.ts';
import { loadSource, runSnippet, type Scope } from './snippets.ts';

const root = join(import.meta.dirname, '..', '..');

interface Example {
  readonly file: string;
  readonly line: number;
  readonly code: string;
}

/** The examples of a source file: from `@example` to the next tag or the end of the comment. */
const examplesOf = (file: string): readonly Example[] => {
  const text = readFileSync(file, 'utf8');
  return [...text.matchAll(/\/\*\*(?:(?!\*\/).)*?\*\//gs)].flatMap((comment) =>
    [...comment[0].matchAll(/@example\b[^\n]*\n(.*?)(?=^\s*\*\s*@|\*\/)/gms)].map((match) => ({
      file: relative(root, file),
      line: text.slice(0, comment.index + match.index).split('\n').length,
      code: (match[1] ?? '').replace(/^\s*\* ?/gm, '').replace(/^```\w*$/gm, ''),
    })),
  );
};

const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((f) => f.endsWith('.ts'));
const examples = sources.sort().flatMap((file) => examplesOf(join(root, 'src', file)));

const floors = ['random', 'nn', 'optim', 'io', 'data', 'train', 'testing', 'node'] as const;

/** What users import, by entry point; namespaces too, and the names of the example's own file. */
const scopeFor = async (file: string): Promise<Scope> => {
  const namespaces = await Promise.all(
    floors.map(async (n) => [n, await loadSource(`src/${n}/index.ts`).catch(() => ({}))] as const),
  );
  const floor = file.split('/')[1] ?? '';
  const spaces = Object.fromEntries(namespaces);
  return {
    ...spaces,
    ...spaces['train'],
    ...spaces['data'],
    ...spaces['random'],
    ...spaces['nn'],
    ...spaces['optim'],
    ...spaces['io'],
    ...spaces['node'],
    ...(await loadSource('src/index.ts')),
    ...spaces[floor],
    ...(await loadSource(file)),
    ...(await castFor(file)),
  };
};

const home = process.cwd();
const scratch = mkdtempSync(join(tmpdir(), 'cotangent-examples-'));
beforeAll(() => process.chdir(scratch));
afterAll(() => {
  process.chdir(home);
  rmSync(scratch, { recursive: true });
});

describe('the examples of docstrings', () => {
  it('are found', () => {
    expect(examples.length).toBeGreaterThan(50);
  });

  it.each(floors)('can use cotangent/%s', async (floor) => {
    expect(await loadSource(`src/${floor}/index.ts`)).not.toEqual({});
  });

  it.each(examples.map((e) => [`${e.file}:${e.line}`, e] as const))('%s', async (_, { file, code }) => {
    await runSnippet(code, await scopeFor(file));
  });
});
