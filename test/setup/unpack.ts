// Unpacks what the tests need of the npm package `@sparticuz/chromium`, once, into node_modules/.cache/cotangent.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync } from 'node:zlib';

const require = createRequire(import.meta.url);
const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** Whether the programs in the package run here: they are for Linux on x64. */
export const packageRuns: boolean = process.platform === 'linux' && process.arch === 'x64';

/** The package's folder of archives, and its version. */
const chromiumPackage = (): { readonly bin: string; readonly version: string } => {
  const main = require.resolve('@sparticuz/chromium');
  const dir = main.slice(0, main.lastIndexOf(join('@sparticuz', 'chromium')) + join('@sparticuz', 'chromium').length);
  const { version } = JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8')) as { version: string };
  return { bin: join(dir, 'bin'), version };
};

/** The regular files of an uncompressed tar archive, by name. */
const tarFiles = (tar: Buffer): ReadonlyMap<string, Buffer> => {
  const text = (from: number, length: number): string =>
    tar
      .subarray(from, from + length)
      .toString('latin1')
      .replace(/\0.*$/s, '');
  const files = new Map<string, Buffer>();
  for (let at = 0; at + 512 <= tar.length && tar[at] !== 0;) {
    const size = parseInt(text(at + 124, 12).trim(), 8);
    const kind = text(at + 156, 1);
    if (kind === '' || kind === '0') files.set(text(at, 100), tar.subarray(at + 512, at + 512 + size));
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return files;
};

/**
 * Unpacks archives (`swiftshader.tar.br`) or single files (`chromium.br`) of the package into a folder of this name, and
 * returns its path. Done once per version of the package; several processes may race here.
 */
export const unpack = (
  name: string,
  archives: readonly string[],
  wanted: (file: string) => boolean = () => true,
): string => {
  const { bin, version } = chromiumPackage();
  const cache = join(root, 'node_modules', '.cache', 'cotangent');
  const target = join(cache, `${name}-${version}`);
  if (existsSync(target)) return target;
  mkdirSync(cache, { recursive: true });
  const fresh = mkdtempSync(join(cache, 'unpack-'));
  for (const archive of archives) {
    const bytes = brotliDecompressSync(readFileSync(join(bin, archive)));
    const files = archive.endsWith('.tar.br') ? tarFiles(bytes) : new Map([[archive.replace(/\.br$/, ''), bytes]]);
    for (const [file, content] of files) {
      if (!wanted(file)) continue;
      mkdirSync(dirname(join(fresh, file)), { recursive: true });
      writeFileSync(join(fresh, file), content, { mode: 0o755 });
    }
  }
  try {
    renameSync(fresh, target);
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true });
    if (!existsSync(target)) throw error;
  }
  return target;
};
