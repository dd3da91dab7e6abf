import type { Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';

import { openBrowser, type Opened } from '../e2e/browser.ts';
import { Watched } from './watched.ts';

// The waterfall over the demo: real builds with their steps, and one that begins and ends while it is looked at.
const BUILDERS = ['gauge-debug', 'gauge-release', 'style'];
const BUILT = 90_000;

let url: string;
let opened: Opened;
let watched: Watched;
let page: Page;

beforeAll(async () => {
  const given = process.env['WEIR_URL'];
  if (!given) throw new Error('WEIR_URL must hold the address of a master that runs the demo.');
  url = given.endsWith('/') ? given : `${given}/`;
  opened = await openBrowser({ viewport: { width: 1280, height: 900 } });
});
afterAll(() => opened.close());
beforeEach(async () => {
  watched = new Watched(await opened.context.newPage());
  page = watched.page;
  await watched.open(`${url}#/waterfall?span=1h`);
  await page.locator('[data-testid=waterfall-chart][data-settled=true]').waitFor();
});
afterEach(async () => {
  expect(watched.problems).toEqual([]);
  expect(watched.loads, 'the page is loaded once, and never again').toBe(1);
  await page.close();
});

const build = (builder: string, more = ''): Locator => page.locator(`[data-testid=waterfall-build][data-builder="${builder}"]${more}`);

it('shows what the demo built, with its steps, and its changes', async () => {
  for (const name of BUILDERS) {
    await page.locator(`[data-testid=waterfall-builder][data-builder="${name}"]`).waitFor();
    await build(name).first().waitFor({ state: 'attached', timeout: BUILT });
  }
  await build('gauge-debug', '[data-status=failure]').first().waitFor({ state: 'attached', timeout: BUILT });
  await build('gauge-debug', '[data-status=failure]').first().focus();
  const card = page.getByTestId('waterfall-card');
  await card.getByText('gauge-debug #').waitFor();
  await card.getByText('worker-').waitFor();
  await card.locator('li [data-status=failure]').first().waitFor({ state: 'attached' });
  await page.keyboard.press('Enter');
  await page.locator('[data-testid=build]').waitFor();
});

it('sees a build begin and end', async () => {
  const numbers = (): Promise<number[]> => build('style').evaluateAll((all) => all.map((one) => Number((one as HTMLElement).dataset['number'])));
  await build('style').first().waitFor({ state: 'attached', timeout: BUILT });
  const before = Math.max(...(await numbers()));
  const forced = await page.evaluate(async () => {
    const headers = { Accept: 'application/json', 'Content-Type': 'application/json' };
    const get = async (path: string): Promise<Record<string, Record<string, unknown>[]>> => (await fetch(`api/v2/${path}`, { headers })).json() as never;
    const builderid = (await get('builders/style'))['builders']?.[0]?.['builderid'];
    const [scheduler] = (await get(`builders/${String(builderid)}/forceschedulers`))['forceschedulers'] ?? [];
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'force', params: { builderid, reason: 'the waterfall' } });
    return (await fetch(`api/v2/forceschedulers/${String(scheduler?.['name'])}`, { method: 'POST', headers, body })).status;
  });
  expect(forced).toBe(200);
  await expect.poll(async () => Math.max(...(await numbers())), { timeout: BUILT }).toBeGreaterThan(before);
  await build('style', `[data-number="${before + 1}"]:not([data-status=running])`).waitFor({ state: 'attached', timeout: BUILT });
});
