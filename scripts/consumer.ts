// Uses the packed package as a stranger would: installed beside its dependency alone, type-checked and run by plain Node.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const home = mkdtempSync(join(tmpdir(), 'cotangent-consumer-'));
process.on('exit', () => rmSync(home, { recursive: true, force: true }));

const modules = join(home, 'node_modules');
const unpacked = join(modules, 'cotangent');
mkdirSync(unpacked, { recursive: true });
const [tarball] = JSON.parse(
  execFileSync('npm', ['pack', '--json', '--silent', '--pack-destination', home], { cwd: root, encoding: 'utf8' }),
) as { filename: string; files: { path: string; size: number }[] }[];
if (tarball === undefined) throw new Error('npm pack made nothing');
execFileSync('tar', ['-xzf', join(home, tarball.filename), '-C', unpacked, '--strip-components=1']);

const packages = (names: readonly string[]): void => {
  for (const name of names) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), join(modules, name));
  }
};

const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  exports: Record<string, unknown>;
};
const entries = Object.keys(exports).filter((path) => path !== './package.json');
const specifiers = entries.map((path) => path.replace(/^\./, 'cotangent'));

const program = `
import { grad, jit, tensor, type Tensor } from 'cotangent';
import { dense } from 'cotangent/nn';
import { key } from 'cotangent/random';
const cube = (x: Tensor): Tensor => x.mul(x).mul(x).sum();
const params = dense(2, 3).init(key(0));
console.log(JSON.stringify(await jit(grad(cube))(tensor([1, 2])).array()), Object.keys(params).length > 0);
`;
writeFileSync(join(home, 'package.json'), '{ "type": "module" }');
writeFileSync(join(home, 'program.ts'), program);

const failures: string[] = [];
const attempt = (what: string, command: string, args: readonly string[], expected?: string): void => {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: home, encoding: 'utf8' });
  const ok = status === 0 && (expected === undefined || stdout.trim() === expected);
  console.log(`${ok ? 'ok    ' : 'FAILED'} ${what}`);
  if (!ok) failures.push(`${what}\n${stdout}\n${stderr.slice(-2000)}`);
};

packages(['fp-ts']);
for (const specifier of specifiers.filter((s) => s !== 'cotangent/testing')) {
  attempt(`${specifier} loads without optional peers`, process.execPath, [
    '--eval',
    `await import('${specifier}')`,
    '--input-type=module',
  ]);
}
packages(['fast-check', 'pure-rand']);
attempt('cotangent/testing loads with fast-check', process.execPath, [
  '--eval',
  `await import('cotangent/testing')`,
  '--input-type=module',
]);

const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
packages(['@types/node', 'undici-types']);
for (const [module, moduleResolution] of [
  ['ESNext', 'Bundler'],
  ['NodeNext', 'NodeNext'],
]) {
  // prettier-ignore
  const compilerOptions = { strict: true, target: 'ES2022', module, moduleResolution, types: ['node'], outDir: 'out' };
  writeFileSync(join(home, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['program.ts'] }));
  attempt(`a program type-checks under ${moduleResolution}, declarations included`, process.execPath, [tsc, '-p', '.']);
}
attempt('and runs', process.execPath, ['out/program.js'], '[3,12] true');

for (const { path, size } of tarball.files) {
  if (!/^(dist\/|package\.json$|README\.md$|LICENSE$|CHANGELOG\.md$)/.test(path))
    failures.push(`${path} (${size} bytes) has no place in the package`);
}
console.log(`${tarball.files.length} files packed`);
for (const failure of failures) console.error(`\n${failure}`);
process.exitCode = failures.length === 0 ? 0 : 1;
