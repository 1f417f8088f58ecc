// Prints what the built package weighs in an application's bundle, and fails over budget: npm run size [-- --files]
import { spawnSync } from 'node:child_process';
import { budget, bundle } from './bundle.ts';

const rows: readonly (readonly [code: string, limit?: number])[] = [
  [`import { grad, jit } from 'cotangent'; console.log(grad, jit);`, budget],
  [`import { add } from 'cotangent'; console.log(add);`],
  [`import * as ct from 'cotangent'; console.log(ct);`],
  [`import * as nn from 'cotangent/nn'; console.log(nn);`],
  [`import * as optim from 'cotangent/optim'; console.log(optim);`],
];

const kb = (n: number): string => `${(n / 1000).toFixed(1)} kB`.padStart(9);

for (const [code, limit] of rows) {
  const { bytes, gzipped, files } = await bundle(code, 'dist');
  const over = limit !== undefined && gzipped > limit;
  const verdict = limit === undefined ? '' : `  ${over ? 'OVER' : 'of at most'} ${kb(limit).trim()}`;
  console.log(`${kb(bytes)} minified ${kb(gzipped)} gzipped  ${code.split(';')[0]}${verdict}`);
  if (process.argv.includes('--files')) for (const [file, n] of files) console.log(`            ${kb(n)} ${file}`);
  if (over) process.exitCode = 1;
}

// What was built must also work when bundled: the one side effect that a bundler could lose is the default evaluator's.
const { code } = await bundle(`import { add } from 'cotangent'; console.log(await add(1.25, 2).item());`, 'dist');
const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module'], { input: code, encoding: 'utf8' });
if (stdout.trim() !== '3.25') {
  console.error(`a bundle of add alone does not work: ${stdout} ${stderr.slice(-1000)}`);
  process.exitCode = 1;
}
