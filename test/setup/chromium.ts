// Launches headless Chromium with a WebGPU adapter, from npm packages alone (Linux x64) or the Chrome that is installed.
//
//   const browser = await launchChromium();               // fails where there is no adapter: never a skip
//   const served = await servePage('test/x/page.ts');     // ./serve.ts: the entry bundled, on localhost
//   const { page, problems } = await openPage(browser, served.url);   // problems: uncaught errors of the page
//   const result = await page.evaluate(() => globalThis.something());
//   await browser.close();
//   await served.close();
//
// COTANGENT_CHROME=/path/to/chrome takes that browser; COTANGENT_GPU=system the machine's own driver.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, LaunchOptions, Page } from 'playwright-core';
import { chromium } from 'playwright-core';
import { packageRuns, unpack } from './unpack.ts';

const software: readonly string[] = [
  '--use-webgpu-adapter=swiftshader',
  '--enable-features=Vulkan',
  '--use-vulkan=swiftshader',
];

const args: readonly string[] = [
  '--no-sandbox',
  '--enable-unsafe-webgpu',
  ...(process.env['COTANGENT_GPU'] === 'system' ? ['--enable-features=Vulkan'] : software),
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];

/** The packed Chromium with the libraries and fonts that it needs, so that a bare machine has all of it. */
const packed = (): LaunchOptions => {
  const dir = unpack('chromium', ['chromium.br', 'swiftshader.tar.br', 'al2023.tar.br', 'fonts.tar.br']);
  const fonts = join(dir, 'fontconfig');
  mkdirSync(fonts, { recursive: true });
  const config = `<fontconfig><dir>${join(dir, 'fonts')}</dir><cachedir>${join(fonts, 'cache')}</cachedir></fontconfig>`;
  writeFileSync(join(fonts, 'fonts.conf'), `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">${config}`);
  // Not the loader paths of the calling process: in them lies another copy of the driver.
  const { LD_LIBRARY_PATH: _paths, VK_ICD_FILENAMES: _icd, VK_DRIVER_FILES: _drivers, ...inherited } = process.env;
  const env = Object.entries(inherited).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return {
    executablePath: join(dir, 'chromium'),
    env: { ...Object.fromEntries(env), LD_LIBRARY_PATH: join(dir, 'lib'), FONTCONFIG_PATH: fonts },
  };
};

const installed = process.env['COTANGENT_CHROME'];

const which = (): LaunchOptions =>
  installed !== undefined ? { executablePath: installed } : packageRuns ? packed() : { channel: 'chrome' };

const failed = (what: string, why: unknown): Error =>
  new Error(
    `launchChromium: ${what}. Tests in a browser take Chromium of @sparticuz/chromium on Linux x64, elsewhere an installed ` +
      `Chrome; COTANGENT_CHROME=/path/to/chrome names another one (now ${installed ?? 'unset'}, on ` +
      `${process.platform} ${process.arch}). ${why instanceof Error ? why.message : String(why)}`,
  );

/** What the browser's WebGPU adapter says of itself, or null. Asked on a page of localhost, as WebGPU demands. */
const adapterOf = async (browser: Browser): Promise<string | null> => {
  const page = await browser.newPage();
  try {
    await page.route('**/*', (route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html>' }));
    await page.goto('http://localhost/adapter');
    return await page.evaluate(async () => {
      const adapter = await (navigator as { readonly gpu?: GPU }).gpu?.requestAdapter();
      return adapter ? `${adapter.info.vendor} ${adapter.info.architecture}`.trim() : null;
    });
  } finally {
    await page.close();
  }
};

/**
 * Headless Chromium that has a WebGPU adapter. `await browser.close()` when done.
 *
 * @param more Arguments for the command line besides those that give it an adapter.
 * @throws Error when there is no browser, or when it has no adapter: such a machine cannot pass.
 */
export const launchChromium = async (more: readonly string[] = []): Promise<Browser> => {
  const browser = await chromium.launch({ ...which(), args: [...args, ...more] }).catch((error: unknown) => {
    throw failed('no browser started', error);
  });
  const adapter = await adapterOf(browser).catch((error: unknown) => error);
  if (typeof adapter === 'string') return browser;
  await browser.close();
  throw failed('the browser has no WebGPU adapter', adapter ?? '');
};

/**
 * A new page at this address. Uncaught errors in it and in its workers, and lines of `console.error`, are collected in
 * `problems` and go to the console of the test; the test decides what they mean.
 */
export const openPage = async (
  browser: Browser,
  url: string,
): Promise<{ readonly page: Page; readonly problems: readonly string[] }> => {
  const problems: string[] = [];
  const page = await browser.newPage();
  const note = (text: string): void => {
    problems.push(text);
    console.error(`in the page: ${text}`);
  };
  page.on('pageerror', (error) => {
    note(error.stack ?? error.message);
  });
  page.on('console', (message) => {
    if (message.type() === 'error') note(message.text());
  });
  page.on('crash', () => {
    note('the page crashed');
  });
  await page.goto(url);
  return { page, problems };
};
