// Runs the snippets of docstrings and documents: each statement, and each `// expected` behind one.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { Tensor } from '../../src/core/tensor.ts';

/** What a snippet can name without declaring it; names that JavaScript keeps for itself (`var`) excepted. */
export type Scope = Readonly<Record<string, unknown>>;

const root = join(import.meta.dirname, '..', '..');

/** The exports of a source file, given by its path in the project; none where there is no such file. */
export const loadSource = async (file: string): Promise<Scope> =>
  existsSync(join(root, file)) ? ((await import(/* @vite-ignore */ join(root, file))) as Scope) : {};

const AsyncFunction = (async () => {}).constructor as new (...args: string[]) => (...args: unknown[]) => Promise<void>;

const reserved = new Set([
  'default',
  'var',
  'static',
  'switch',
  'with',
  'in',
  'delete',
  'new',
  'null',
  'true',
  'false',
  'arguments',
  'eval',
]);
const named = (scope: Scope): readonly string[] => Object.keys(scope).filter((name) => !reserved.has(name));

/** A value as the plain data that an expectation is written in. */
const plain = async (value: unknown): Promise<unknown> => {
  const v = await value;
  if (v instanceof Tensor) return v.array();
  if (ArrayBuffer.isView(v) && !(v instanceof DataView)) return [...(v as Uint8Array)];
  if (Array.isArray(v)) return Promise.all(v.map(plain));
  if (typeof v === 'object' && v !== null && Object.getPrototypeOf(v) === Object.prototype) {
    return Object.fromEntries(await Promise.all(Object.entries(v).map(async ([k, x]) => [k, await plain(x)] as const)));
  }
  return v;
};

/** Equal up to the digits that a comment shows: 5e-4, relative above one. */
const close = (a: unknown, b: unknown): boolean => {
  if (typeof a === 'number' && typeof b === 'number')
    return Object.is(a, b) || Math.abs(a - b) <= 5e-4 * Math.max(1, Math.abs(b));
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((x, i) => close(x, b[i]));
  if (typeof a === 'object' && typeof b === 'object' && a !== null && b !== null) {
    const keys = Object.keys(b);
    return Object.keys(a).length === keys.length && keys.every((k) => close((a as Scope)[k], (b as Scope)[k]));
  }
  return a === b;
};

const show = (v: unknown): string => (typeof v === 'string' ? v : JSON.stringify(v)) ?? String(v);

/** The value that an expectation spells, or undefined where it is prose, which then only has to follow running code. */
const spelled = (text: string, scope: Scope): { readonly value: unknown } | undefined => {
  try {
    const names = named(scope);
    // Typed arrays are written as the console prints them: Int32Array [1, 2].
    const code = text.replace(/\b\w+Array(?:\(\d+\))? \[/g, '[');
    const evaluate = new Function(...names, `"use strict"; return (${code});`) as (...values: unknown[]) => unknown;
    return { value: evaluate(...names.map((name) => scope[name])) };
  } catch {
    return undefined;
  }
};

const check =
  (scope: Scope) =>
  async (run: () => unknown, expectation: string, source: string): Promise<void> => {
    if (/^throws\b|^error\b/i.test(expectation)) {
      try {
        await plain(run());
      } catch {
        return;
      }
      throw new Error(`${source}\n  should throw: ${expectation}`);
    }
    const got = await plain(run());
    const expected = spelled(expectation, scope);
    if (expected === undefined || close(got, await plain(expected.value)) || String(got) === expectation) return;
    throw new Error(`${source}\n  is       ${show(got)}\n  expected ${expectation}`);
  };

/** The snippet as a function body in which every `expression; // expected` is checked. Imports are the scope's business. */
export const instrument = (code: string): string => {
  const file = ts.createSourceFile('snippet.ts', code, ts.ScriptTarget.ESNext, true);
  const pieces = file.statements.map((statement) => {
    if (ts.isImportDeclaration(statement)) return '';
    const text = statement.getText(file).replace(/^export /, '');
    const comment = ts.getTrailingCommentRanges(code, statement.end)?.[0];
    if (comment === undefined) return text;
    const expectation = code.slice(comment.pos, comment.end).replace(/^\/\/\s*(=>|->)?\s*/, '');
    const verify = (expression: string): string =>
      `await __check(async () => (${expression}), ${JSON.stringify(expectation)}, ${JSON.stringify(text)});`;
    if (ts.isExpressionStatement(statement)) return verify(statement.expression.getText(file));
    const name = ts.isVariableStatement(statement) ? statement.declarationList.declarations[0]?.name : undefined;
    return name !== undefined && ts.isIdentifier(name) ? `${text}\n${verify(name.text)}` : text;
  });
  return ts.transpile(pieces.join('\n'), { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext });
};

/** Runs a snippet; throws where it does, or where a value is not the expected one. */
export const runSnippet = async (code: string, scope: Scope): Promise<void> => {
  const names = named(scope);
  // A block of its own, so that a snippet may declare a name that the scope has.
  const body = new AsyncFunction('__check', ...names, `{ ${instrument(code)}\n }`);
  await body(check(scope), ...names.map((name) => scope[name]));
};
