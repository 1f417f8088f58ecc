// The cases of the backends on the WebGPU of a browser: headless Chromium, on a page served from localhost.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Browser, Page as BrowserPage } from 'playwright-core';
import { launchChromium, openPage } from '../setup/chromium.ts';
import { servePage, type Served } from '../setup/serve.ts';
import { lists } from './lists.ts';
import type { Page } from './page.ts';

declare const cases: Page;

let browser: Browser;
let served: Served;
let page: BrowserPage;
let problems: readonly string[];

beforeAll(async () => {
  [browser, served] = await Promise.all([launchChromium(), servePage(new URL('page.ts', import.meta.url).pathname)]);
  ({ page, problems } = await openPage(browser, served.url));
  await page.evaluate(() => cases.open());
});
afterAll(async () => {
  await browser?.close();
  await served?.close();
});

describe.each(Object.entries(lists))('%s', (list, all) => {
  test.each(all.map(({ name }) => name))(
    '%s',
    async (name) => {
      expect(await page.evaluate(([l, n]) => cases.run(l!, n!), [list, name])).toBeNull();
    },
    120_000,
  );
});

test('nothing else went wrong on the page', () => {
  expect(problems).toEqual([]);
});
