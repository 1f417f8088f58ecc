// The long soak: the property tests with a thousand draws each from a seed of the day, which is printed.
import { spawnSync } from 'node:child_process';

const seed = process.env['FC_SEED'] ?? String(Date.now() % 2 ** 31);
const runs = process.env['FC_RUNS'] ?? '1000';
console.log(`FC_SEED=${seed} FC_RUNS=${runs}`);
const { status } = spawnSync('npx', ['vitest', 'run', 'property-tests', '--testTimeout', '3600000'], {
  stdio: 'inherit',
  env: { ...process.env, FC_SEED: seed, FC_RUNS: runs },
});
process.exitCode = status ?? 1;
