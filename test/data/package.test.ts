// What is published: the digits belong to the project, with their licence, and not to the npm package.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const root = new URL('../../', import.meta.url);

it('the data stay out of the npm package', () => {
  const report = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  const [pack] = JSON.parse(report) as readonly { readonly files: readonly { readonly path: string }[] }[];
  const paths = pack?.files.map((file) => file.path) ?? [];
  expect(paths).toContain('package.json');
  expect(paths.filter((path) => path.startsWith('examples/') || path.endsWith('.gz'))).toEqual([]);
});

it('the data have their licence and their authors beside them', () => {
  const text = (name: string): string => readFileSync(new URL(`examples/data/mnist/${name}`, root), 'utf8');
  expect(existsSync(new URL('examples/data/mnist/t10k-images-idx3-ubyte.gz', root))).toBe(true);
  expect(text('LICENSE')).toMatch(/Yann LeCun and Corinna Cortes[^]*CC BY-SA 3\.0/);
  expect(text('README.md')).toMatch(/test set of 10,000 digits/);
});
