import type { Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';

import { openBrowser, type Opened } from '../e2e/browser.ts';
import { Watched } from './watched.ts';

// What hangs on a build, over a real master: the demo, of whose commits one makes the gauge's test fail.
/** Milliseconds that builds may take which wait for others, on a machine that is busy. */
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
});
afterEach(async () => {
  expect(watched.problems).toEqual([]);
  await page.close();
});

const step = (name: string): Locator => page.locator(`[data-testid=step-row][data-step="${name}"]`);

/** Reads objects of the API, once there are some that fit. */
async function found<T>(path: string, key: string, fits: (row: T) => boolean): Promise<T> {
  const end = Date.now() + BUILT;
  for (;;) {
    const body = (await (await fetch(`${url}api/v2/${path}`, { headers: { Accept: 'application/json' } })).json()) as Record<string, T[]>;
    const row = body[key]?.find(fits);
    if (row !== undefined) return row;
    if (Date.now() > end) throw new Error(`Nothing at ${path} fits.`);
    // Not a wait of its own: the master builds, and says so as soon as it can.
    await page.waitForTimeout(500);
  }
}

it('tells what a failed build differs in, where its time went, and who asked for it', async () => {
  const builder = await found<{ builderid: number }>('builders?name=gauge-debug', 'builders', () => true);
  const failed = await found<{ number: number; buildrequestid: number }>(
    `builds?builderid=${builder.builderid}&complete=true&order=number`, 'builds', (build) => (build as unknown as { results: number }).results === 2);
  await watched.open(`${url}#/builders/${builder.builderid}/builds/${failed.number}`);
  await page.locator('[data-testid=build-state][data-status=failure]').waitFor();
  const difference = page.getByTestId('difference');
  await difference.getByTestId('difference-base').waitFor();
  await difference.getByTestId('change-row').getByText('Make the mean faster').waitFor();
  await difference.locator('[data-testid=difference-step][data-step=test][data-kind=results]').waitFor();
  await page.locator('[data-testid=segment][data-step=test]').click();
  await step('test').getByTestId('log-pane').waitFor();
  expect(page.url()).toContain('#step-');

  await page.getByTestId('request-link').click();
  await page.locator('[data-testid=request-state][data-status=failure]').waitFor();
  await page.getByTestId('buildset-link').click();
  // The request's page has the same rows.
  await page.getByTestId('buildset').waitFor();
  const own = page.locator(`[data-testid=set-request][data-request="${failed.buildrequestid}"][data-status=failure]`);
  await own.waitFor();
  await expect.poll(() => page.getByTestId('set-request').count()).toBe(3);
  await own.getByTestId('set-build').click();
  await page.locator(`[data-testid=build][data-number="${failed.number}"]`).waitFor();
});
