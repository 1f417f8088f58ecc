// Runs a command with the software Vulkan driver in its environment: npx tsx scripts/with-swiftshader.ts node x.mjs
import { spawnSync } from 'node:child_process';
import { swiftShaderEnv } from '../test/setup/swiftshader.ts';

const [command, ...args] = process.argv.slice(2);
if (command === undefined) {
  console.error('usage: tsx scripts/with-swiftshader.ts <command> [arguments]');
  process.exit(1);
}
const { status, error } = spawnSync(command, args, { stdio: 'inherit', env: { ...process.env, ...swiftShaderEnv() } });
if (error) console.error(error.message);
process.exit(status ?? 1);
