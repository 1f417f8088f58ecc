// A small web server on localhost for tests in a browser: TypeScript entries bundled by esbuild, or a folder of files.
import { build } from 'esbuild';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A page that is being served: its address (a secure context, so that `navigator.gpu` exists), and how to stop. */
export interface Served {
  readonly url: string;
  readonly close: () => Promise<void>;
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
};

/** Serves what `content` finds for a path (`/index.html`), on a free port of 127.0.0.1. */
const serve = async (content: (path: string) => Promise<Uint8Array | string | null>): Promise<Served> => {
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname);
    const name = path.endsWith('/') ? `${path}index.html` : path;
    content(name)
      .catch(() => null)
      .then((body) => {
        response.writeHead(body === null ? 404 : 200, {
          'content-type': types[extname(name)] ?? 'application/octet-stream',
          // Isolated pages have finer timers and shared memory.
          'cross-origin-opener-policy': 'same-origin',
          'cross-origin-embedder-policy': 'require-corp',
          'cache-control': 'no-store',
        });
        response.end(body ?? `nothing at ${name}`);
      })
      .catch(() => response.destroy());
  });
  await new Promise<void>((ready, fail) => {
    server.once('error', fail);
    server.listen(0, '127.0.0.1', ready);
  });
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/`,
    close: () =>
      new Promise((done) => {
        server.close(() => {
          done();
        });
        server.closeAllConnections();
      }),
  };
};

/** Serves the files of a folder: a page that a bundler built. */
export const serveFolder = (folder: string): Promise<Served> => {
  const root = resolve(folder);
  return serve((path) => readFile(join(root, normalize(path))));
};

const source = (path: string): string => fileURLToPath(new URL(`../../src/${path}`, import.meta.url));

/** The text of a TypeScript (or JS) entry with everything it imports, as one ES module for a browser. */
export const bundlePage = async (
  entry: string,
  options: { readonly define?: Readonly<Record<string, string>>; readonly external?: readonly string[] } = {},
): Promise<string> => {
  const { outputFiles } = await build({
    entryPoints: [resolve(entry)],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    sourcemap: 'inline',
    logLevel: 'silent',
    define: { ...options.define },
    external: [...(options.external ?? [])],
    plugins: [
      {
        name: 'cotangent means its sources',
        setup: ({ onResolve }) => {
          onResolve({ filter: /^cotangent(\/[a-z]+)?$/ }, ({ path }) => ({
            path: source(path === 'cotangent' ? 'index.ts' : `${path.slice('cotangent/'.length)}/index.ts`),
          }));
        },
      },
    ],
  });
  return outputFiles[0]?.text ?? '';
};

/**
 * Bundles a TypeScript entry and serves a page that runs it as a module: `cotangent` and `cotangent/nn` mean the sources.
 * What the entry puts on `globalThis` can be called by `page.evaluate`.
 *
 * @example
 * const served = await servePage('test/browser/page.ts');
 * const { page } = await openPage(browser, served.url);
 */
export const servePage = async (
  entry: string,
  options: Parameters<typeof bundlePage>[1] & { readonly html?: string } = {},
): Promise<Served> => {
  const script = await bundlePage(entry, options);
  const html = options.html ?? '<!doctype html><meta charset="utf-8"><script type="module" src="/page.js"></script>';
  const files: Readonly<Record<string, string>> = { '/index.html': html, '/page.js': script };
  return serve((path) => Promise.resolve(files[path] ?? null));
};
