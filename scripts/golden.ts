// Runs every golden family of a folder (default: our own copy) on the default device and prints what passed, failed and is not covered.
import { resolve } from 'node:path';
import '../src/index.ts';
import { families, goldenFolder, runFamily } from '../test/golden/run.ts';

const main = async (): Promise<number> => {
  const folder = process.argv[2] === undefined ? goldenFolder : resolve(process.argv[2]);
  const totals = { passed: 0, failed: 0, 'not covered': 0 };
  for (const family of families(folder)) {
    const results = await runFamily(family, folder);
    const count = { passed: 0, failed: 0, 'not covered': 0 };
    for (const { verdict } of results) count[verdict.kind]++;
    console.log(
      `${family.padEnd(16)} passed ${String(count.passed).padStart(3)}   failed ${String(count.failed).padStart(3)}   not covered ${String(count['not covered']).padStart(3)}`,
    );
    for (const { name, verdict } of results) {
      if (verdict.kind === 'failed') console.log(`  failed       ${name}: ${verdict.why.split('\n')[0]!}`);
      if (verdict.kind === 'not covered') console.log(`  not covered  ${name}`);
    }
    for (const k of ['passed', 'failed', 'not covered'] as const) totals[k] += count[k];
  }
  console.log(
    `total            passed ${totals.passed}   failed ${totals.failed}   not covered ${totals['not covered']}`,
  );
  return totals.failed === 0 ? 0 : 1;
};

try {
  process.exitCode = await main();
} catch (e) {
  console.error(e instanceof Error ? e.message : e);
  process.exitCode = 1;
}
