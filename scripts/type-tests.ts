// Checks the type tests (test/types) and what they cost the compiler: npm run test:types
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

/** Instantiations that one call of an operation may cost on average, in a file of calls; errors cost a little more. */
const budget = 130;

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const host: ts.ParseConfigFileHost = {
  ...ts.sys,
  getCurrentDirectory: () => root,
  onUnRecoverableConfigFileDiagnostic: (d) => {
    throw new Error(ts.flattenDiagnosticMessageText(d.messageText, '\n'));
  },
};
const config = ts.getParsedCommandLineOfConfigFile(join(root, 'tsconfig.json'), {}, host);
if (config === undefined) throw new Error('no tsconfig.json');
const tests = config.fileNames.filter((file) => file.includes('/test/types/'));
const program = ts.createProgram({ rootNames: tests, options: config.options });

const calls = (node: ts.Node): number => {
  let n = ts.isCallExpression(node) ? 1 : 0;
  ts.forEachChild(node, (child) => {
    n += calls(child);
  });
  return n;
};

// The sources first, so that a test file is charged for its own calls only.
for (const file of program.getSourceFiles()) {
  if (!tests.includes(file.fileName) && !program.isSourceFileFromExternalLibrary(file))
    program.getSemanticDiagnostics(file);
}

let failed = tests.length === 0 ? 1 : 0;
if (tests.length === 0) console.error('test/types holds no file');
for (const name of tests) {
  const file = program.getSourceFile(name);
  if (file === undefined) continue;
  const before = program.getInstantiationCount();
  const diagnostics = [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)];
  const spent = program.getInstantiationCount() - before;
  const each = spent / Math.max(1, calls(file));
  console.log(`${relative(root, name)}: ${calls(file)} calls, ${spent} instantiations, ${each.toFixed(0)} a call`);
  if (diagnostics.length > 0)
    console.error(
      ts.formatDiagnosticsWithColorAndContext(diagnostics, {
        ...host,
        getCanonicalFileName: (f) => f,
        getNewLine: () => '\n',
      }),
    );
  if (calls(file) > 0 && each > budget) console.error(`  over the budget of ${budget} a call`);
  if (diagnostics.length > 0 || each > budget) failed++;
}
console.log(`${tests.length - (tests.length === 0 ? 0 : failed)} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
