// An esbuild plugin that tells bundlers what package.json's `sideEffects` tells them of whole files: our top-level calls are pure.
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import type { Plugin } from 'esbuild';
import ts from 'typescript';

const mark = '/* @__PURE__ */ ';

/**
 * The source with each call in a top-level `const` marked as droppable when its value is unused. Calls inside functions
 * run later, if ever, and stay as they are; so do statements, which are there for their effect.
 *
 * @example
 * markPure(`export const add = record('add');`); // export const add = /* @__PURE__ *\/ record('add');
 */
export const markPure = (source: string): string => {
  const file = ts.createSourceFile('file.ts', source, ts.ScriptTarget.ESNext, true);
  const places: number[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) || ts.isClassLike(node)) return;
    if (ts.isCallExpression(node) || ts.isNewExpression(node)) places.push(node.getStart(file));
    ts.forEachChild(node, visit);
  };
  for (const statement of file.statements) {
    if (!ts.isVariableStatement(statement)) continue;
    for (const { initializer } of statement.declarationList.declarations) if (initializer) visit(initializer);
  }
  return [...new Set(places)]
    .sort((a, b) => b - a)
    .reduce((text, at) => text.slice(0, at) + mark + text.slice(at), source);
};

/** Marks every file below src/ but the entry, whose calls install the default evaluator. */
export const purePlugin = (root: string): Plugin => ({
  name: 'pure',
  setup(build) {
    build.onLoad({ filter: /[\\/]src[\\/].*\.ts$/ }, ({ path }) => {
      const source = readFileSync(path, 'utf8');
      const entry = relative(root, path).replaceAll('\\', '/') === 'src/index.ts';
      return { contents: entry ? source : markPure(source), loader: 'ts' };
    });
  },
});
