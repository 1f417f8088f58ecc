// Libraries in headless Chromium: a browser for each, a page for each workload, whose files and inputs come from disk.
import { appendFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import type { Browser } from 'playwright-core';
import { launchChromium } from '../test/setup/chromium.ts';
import type { Command } from './answer.ts';

const origin = 'http://localhost/';
const headers = {
  // Isolated pages have finer timers.
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
};
const types: Readonly<Record<string, string>> = { '.js': 'text/javascript', '.json': 'application/json' };

const browsers = new Map<string, Promise<Browser>>();

/** A page that answers for the adapter; `folder` holds the bundles. */
export const openPage = async (
  library: string,
  adapter: string,
  folder: string,
): Promise<{
  readonly version: string;
  readonly ask: (m: Partial<Command>) => Promise<object>;
  readonly quit: () => void;
}> => {
  if (!browsers.has(library))
    browsers.set(
      library,
      launchChromium(['--disable-background-timer-throttling', '--disable-renderer-backgrounding']),
    );
  const browser = await browsers.get(library)!;
  const page = await browser.newPage();
  page.on('console', (message) => {
    if (message.type() === 'error') console.error(`${library}, in the page: ${message.text()}`);
  });
  await page.exposeFunction('keepPiece', (file: string, base64: string) => {
    appendFileSync(file, Buffer.from(base64, 'base64'));
  });
  await page.route('**/*', async (route) => {
    const { pathname } = new URL(route.request().url());
    if (pathname === '/')
      return route.fulfill({
        headers,
        contentType: 'text/html',
        body: '<!doctype html><script type="module" src="/page.js"></script>',
      });
    const path = pathname.startsWith('/inputs/') ? pathname.slice('/inputs'.length) : join(folder, pathname);
    return route.fulfill({ headers, path, contentType: types[extname(path)] ?? 'application/octet-stream' });
  });
  await page.goto(`${origin}?${adapter}`);
  await page.waitForFunction(() => typeof globalThis.answer === 'function');
  return {
    version: browser.version(),
    ask: (m) => page.evaluate((message) => globalThis.answer(message as Command), m),
    // A browser that is gone has closed its pages.
    quit: () => void page.close().catch(() => undefined),
  };
};

export const closeBrowsers = async (): Promise<void> => {
  for (const browser of browsers.values()) await (await browser).close();
  browsers.clear();
};
