// The page of examples/browser as its visitor meets it, in headless Chromium: it learns on WebGPU and on WebAssembly, and reads a drawing.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchChromium, openPage } from '../setup/chromium.ts';
import { serveFolder, type Served } from '../setup/serve.ts';

const root = join(import.meta.dirname, '..', '..');
const built = mkdtempSync(join(tmpdir(), 'cotangent-page-'));
let browser: Browser;
let served: Served;

beforeAll(async () => {
  await build({
    configFile: join(root, 'examples', 'browser', 'vite.config.ts'),
    build: { outDir: built },
    logLevel: 'error',
  });
  served = await serveFolder(built);
  // Clearing a workgroup's memory takes the software driver seconds of compilation a kernel.
  browser = await launchChromium(['--enable-dawn-features=disable_workgroup_init']);
}, 60_000);
afterAll(async () => {
  await browser?.close();
  await served?.close();
  rmSync(built, { recursive: true, force: true });
});

/** The number that a text begins with. */
const number = async (page: Page, selector: string): Promise<number> =>
  Number.parseFloat(((await page.textContent(selector)) ?? '').replaceAll(',', ''));

/** Waits until the number that an element shows is at least so much. */
const atLeast = (page: Page, selector: string, least: number, timeout: number): Promise<unknown> =>
  page.waitForFunction(
    ([s, n]) => Number.parseFloat(document.querySelector(s)!.textContent.replaceAll(',', '')) >= n,
    [selector, least] as const,
    { timeout },
  );

/** Draws lines through these points, in shares of the drawing area. */
const draw = async (page: Page, ...points: readonly (readonly [number, number])[]): Promise<void> => {
  const box = (await page.locator('#pad').boundingBox())!;
  const at = ([x, y]: readonly [number, number]) => [box.x + x * box.width, box.y + y * box.height] as const;
  await page.mouse.move(...at(points[0]!));
  await page.mouse.down();
  for (const point of points.slice(1)) await page.mouse.move(...at(point), { steps: 6 });
  await page.mouse.up();
};

/** Opens the page, trains to this accuracy, pauses, and has a drawing read. */
const visit = async (
  choices: string,
  device: RegExp,
  accuracy: number,
  timeout: number,
): Promise<{ readonly page: Page; readonly problems: readonly string[] }> => {
  const { page, problems } = await openPage(browser, `${served.url}?${choices}`);
  await page.waitForSelector('body[data-state=ready]', { timeout: 30_000 });
  expect(await page.textContent('#fact-device')).toMatch(device);
  expect(await page.locator('#samples li').count()).toBe(32);

  await page.click('#train');
  await atLeast(page, '#accuracy-now', accuracy, timeout);
  await page.click('#train');
  await page.waitForSelector('body[data-state=ready]');
  expect(await number(page, '#fact-steps')).toBeGreaterThan(10);
  expect(await number(page, '#loss-now')).toBeLessThan(2.3);
  expect(await page.locator('#samples .right').count()).toBeGreaterThan(8);

  await draw(page, [0.52, 0.15], [0.48, 0.85]);
  await page.waitForFunction(() => document.getElementById('verdict')!.textContent.startsWith('Looks like'));
  return { page, problems };
};

describe('the page that learns digits', () => {
  test('on WebGPU: the accuracy rises, and a drawing is read', { timeout: 180_000 }, async () => {
    const { page, problems } = await visit('device=webgpu&network=small&batch=16', /^WebGPU, /, 60, 150_000);
    expect(await page.textContent('#verdict')).toMatch(/^Looks like a \d, \d+% sure/);
    expect(problems).toEqual([]);
    await page.close();
  });

  test('on WebAssembly: paused means paused, a 1 is a 1, and reset forgets', { timeout: 90_000 }, async () => {
    const { page, problems } = await visit('device=wasm&network=small&batch=32', /^WebAssembly/, 85, 60_000);
    expect(await page.textContent('#verdict')).toMatch(/^Looks like a 1/);
    await page.waitForTimeout(300);
    const steps = await number(page, '#fact-steps');
    await page.waitForTimeout(500);
    expect(await number(page, '#fact-steps')).toBe(steps);

    await page.click('#clear');
    await page.waitForFunction(() => document.getElementById('verdict')!.textContent.startsWith('Nothing'));
    await page.locator('#samples button').first().press('Enter');
    await page.waitForFunction(() => document.getElementById('verdict')!.textContent.startsWith('Looks like'));

    await page.click('#reset');
    await page.waitForSelector('body[data-state=ready]');
    expect(await number(page, '#fact-steps')).toBe(0);
    expect(problems).toEqual([]);
    await page.close();
  });

  test(
    'without WebGPU, best is WebAssembly and says why; WebGPU is refused and says so',
    { timeout: 60_000 },
    async () => {
      const context = await browser.newContext();
      const page = await context.newPage();
      // In the worker too: its script is served with WebGPU taken away.
      await page.route(/worker.*\.js$/, async (route) => {
        const response = await route.fetch();
        const body = `Object.defineProperty(navigator, 'gpu', { value: undefined });${await response.text()}`;
        await route.fulfill({ response, body });
      });
      await page.goto(`${served.url}?device=best`);
      await page.waitForSelector('body[data-state=ready]');
      expect(await page.textContent('#fact-device')).toMatch(/^WebAssembly/);
      expect(await page.textContent('#message')).toMatch(/WebGPU/);
      await page.selectOption('#device', 'webgpu');
      await page.waitForSelector('#message.bad');
      expect(await page.textContent('#message')).toMatch(/WebGPU/);
      await context.close();
    },
  );
});
