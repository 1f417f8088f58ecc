// The TypeScript in README.md and the other documents runs, type-checks, and computes what its comments say.
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { afterAll, describe, expect, it } from 'vitest';
import { loadSource, runSnippet, type Scope } from './snippets.ts';

const root = join(import.meta.dirname, '..', '..');
const scratch = mkdtempSync(join(import.meta.dirname, 'fixtures', '.documents-'));
afterAll(() => rmSync(scratch, { recursive: true }));

const documents = ['README.md', 'ARCHITECTURE.md', ...readdirSync(join(root, 'docs')).map((f) => `docs/${f}`)].filter(
  (file) => file.endsWith('.md') && existsSync(join(root, file)),
);

/** Blocks fenced as `ts`; one fenced as `ts sketch` is not meant to run. */
const blocks = documents.flatMap((file) => {
  const text = readFileSync(join(root, file), 'utf8');
  return [...text.matchAll(/^```(?:ts|typescript)\n(.*?)^```/gms)].map((match) => ({
    name: `${file}:${text.slice(0, match.index).split('\n').length}`,
    code: match[1] ?? '',
  }));
});

/** The names that a block imports, from the sources that the package's entry points are built of. */
const importsOf = async (code: string): Promise<Scope> => {
  const scope: Record<string, unknown> = {};
  const file = ts.createSourceFile('block.ts', code, ts.ScriptTarget.ESNext, true);
  for (const statement of file.statements) {
    if (!ts.isImportDeclaration(statement) || !ts.isStringLiteral(statement.moduleSpecifier)) continue;
    const from = statement.moduleSpecifier.text;
    const path = from.replace(/^cotangent\/?/, '');
    const module = from.startsWith('cotangent')
      ? await loadSource(`src/${path === '' ? '' : `${path}/`}index.ts`)
      : ((await import(from)) as Scope);
    const bindings = statement.importClause?.namedBindings;
    if (bindings && ts.isNamespaceImport(bindings)) scope[bindings.name.text] = module;
    if (bindings && ts.isNamedImports(bindings)) {
      for (const { name, propertyName, isTypeOnly } of bindings.elements) {
        if (!isTypeOnly) scope[name.text] = module[(propertyName ?? name).text];
      }
    }
  }
  return scope;
};

describe('the snippets of the documents', () => {
  it('are found', () => {
    expect(blocks.map((b) => b.name).some((name) => name.startsWith('README.md'))).toBe(true);
  });

  it.each(blocks.map((b) => [b.name, b.code] as const))('%s runs', async (_, code) => {
    await runSnippet(code, await importsOf(code));
  });

  it('type-check', () => {
    const files = blocks.map(({ name, code }) => {
      const file = join(scratch, `${name.replace(/\W+/g, '-')}.ts`);
      writeFileSync(file, `${code}\nexport {};\n`);
      return file;
    });
    const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => ts.sys.readFile(path)) as {
      config: { compilerOptions: object };
    };
    const { options } = ts.convertCompilerOptionsFromJson(
      { ...config.compilerOptions, isolatedDeclarations: false, declaration: false },
      root,
    );
    const program = ts.createProgram(files, { ...options, pathsBasePath: root });
    const messages = files.flatMap((file) => program.getSemanticDiagnostics(program.getSourceFile(file)));
    expect(messages.map((d) => `${d.file?.fileName}: ${ts.flattenDiagnosticMessageText(d.messageText, '\n')}`)).toEqual(
      [],
    );
  });
});
