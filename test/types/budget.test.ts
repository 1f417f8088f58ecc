// What the types cost the compiler, for each operation in a file that calls it a hundred times, and where and what it reports.
import { join } from 'node:path';
import ts from 'typescript';
import { beforeAll, describe, expect, test } from 'vitest';

/** Instantiations that one call may cost: about a hundred, the dearest (products, reductions with options) half as many again. */
const budget = 160;
const uses = 100;

const root = join(import.meta.dirname, '..', '..');
const head = `import * as ct from '../../src/index.ts';\nimport type { Tensor } from '../../src/index.ts';\n`;

/** The i-th use, of operands whose shapes no other use has, so that nothing is found in the compiler's caches. */
const calls: Record<string, (i: number) => string> = {
  zeros: (i) => `ct.zeros([${i}, 3])`,
  tensor: (i) => `ct.tensor([[1, ${i}], [3, 4]])`,
  add: (i) => `ct.add(x${i}, y${i})`,
  'add of a number': (i) => `ct.add(x${i}, ${i})`,
  'add of a plain tensor': (i) => `ct.add(x${i}, plain)`,
  'x.mul': (i) => `x${i}.mul(y${i})`,
  matmul: (i) => `ct.matmul(x${i}, w${i})`,
  'x.matmul': (i) => `x${i}.matmul(w${i})`,
  tanh: (i) => `ct.tanh(x${i})`,
  sum: (i) => `ct.sum(x${i}, { axis: -1, keepdims: true })`,
  'x.mean': (i) => `x${i}.mean([0, 1])`,
  transpose: (i) => `ct.transpose(x${i})`,
  permute: (i) => `x${i}.permute([1, 0])`,
  expandDims: (i) => `ct.expandDims(x${i}, 1)`,
  stack: (i) => `ct.stack([x${i}, x${i}])`,
  reshape: (i) => `x${i}.reshape([3, ${i}, -1])`,
  where: (i) => `ct.where(x${i}, y${i}, 0)`,
};
/** Operands of the k-th operation. */
const operands = (k: number): string =>
  Array.from({ length: uses }, (_, i) => {
    const [m, n, p] = [1, 2, 3].map((j) => 1000 * (3 * k + j) + i);
    return `declare const x${i}: Tensor<readonly [${m}, ${n}], 'float32'>, y${i}: Tensor<readonly [${n}], 'float32'>, w${i}: Tensor<readonly [${n}, ${p}], 'float32'>;`;
  }).join('\n');
const wrong = `const x = ct.zeros([32, 784]);
const w = ct.zeros([783, 128]);
ct.matmul(x, w);
x.add(w);
ct.sum(x, 2);
`;

const text = (k: number, statements: readonly string[]): string =>
  `${head}declare const plain: Tensor;\n${operands(k)}\n${statements.join(';\n')};\n`;
const entries = Object.entries(calls);
const files = new Map<string, string>([
  ['wrong', head + wrong],
  // What is paid once, whatever is called how often.
  [
    'once',
    text(
      entries.length,
      entries.map(([, call]) => call(0)),
    ),
  ],
  ...entries.map(([name, call], k): [string, string] => [
    name,
    text(
      k,
      Array.from({ length: uses }, (_, i) => call(i)),
    ),
  ]),
]);
const place = (name: string): string => join(root, 'test', 'types', `virtual ${name}.ts`);
let program: ts.Program;
const file = (name: string): ts.SourceFile => program.getSourceFile(place(name))!;

beforeAll(() => {
  const config = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => ts.sys.readFile(path)).config as {
    compilerOptions: unknown;
  };
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, root);
  const host = ts.createCompilerHost(options);
  const texts = new Map([...files].map(([name, text]) => [place(name), text]));
  const { fileExists, getSourceFile, readFile } = host;
  host.fileExists = (path) => texts.has(path) || fileExists(path);
  host.readFile = (path) => texts.get(path) ?? readFile(path);
  host.getSourceFile = (path, version, ...rest) =>
    texts.has(path) ? ts.createSourceFile(path, texts.get(path)!, version) : getSourceFile(path, version, ...rest);
  program = ts.createProgram([...texts.keys()], options, host);
  program.getSemanticDiagnostics(file('once'));
});

describe('a call costs the compiler at most the budget', () => {
  test.each(Object.keys(calls))('%s', (name) => {
    const before = program.getInstantiationCount();
    const found = program
      .getSemanticDiagnostics(file(name))
      .map((d) => ts.flattenDiagnosticMessageText(d.messageText, '\n'));
    const each = (program.getInstantiationCount() - before) / uses;
    expect(found).toEqual([]);
    if (process.env['SHOW_COSTS'] === undefined) expect(each).toBeLessThan(budget);
    if (process.env['SHOW_COSTS'] !== undefined) console.log(`${name}: ${each.toFixed(0)}`);
  });
});

test('an error is on the wrong argument and says what differs', () => {
  const source = file('wrong');
  const found = program.getSemanticDiagnostics(source).map((d) => ({
    at: source.text.slice(d.start, d.start! + d.length!),
    line: source.getLineAndCharacterOfPosition(d.start!).line - 1,
    says: /ShapeMismatch<"(.*?)">/.exec(ts.flattenDiagnosticMessageText(d.messageText, '\n'))?.[1],
  }));
  expect(found).toEqual([
    { at: 'w', line: 3, says: 'matmul: inner dimensions 784 and 783 differ, in [32,784] @ [783,128]' },
    {
      at: 'w',
      line: 4,
      says: 'add: shapes [32,784] and [783,128] do not broadcast; sizes must be equal or 1, aligned from the right',
    },
    { at: '2', line: 5, says: 'sum: axis 2 is out of range for rank 2' },
  ]);
});
