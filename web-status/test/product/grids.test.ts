import type { Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';

import { openBrowser, type Opened } from '../e2e/browser.ts';
import { Watched } from './watched.ts';

// Grids and console of a real master, whose address is in `$WEIR_URL`: the demo, where Cleo's change failed.
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
  expect(watched.loads, 'the page is loaded once, and never again').toBe(1);
  await page.close();
});

const builders = async (): Promise<Map<string, string>> => {
  const answer = (await (await fetch(`${url}api/v2/builders`, { headers: { Accept: 'application/json' } })).json()) as { builders: { builderid: number; name: string }[] };
  return new Map(answer.builders.map(({ builderid, name }) => [name, `b${builderid}`]));
};
/** The cell of a change and a builder: changes are rows. */
const cell = (subject: string, column: string | undefined): Locator =>
  page.getByTestId('matrix-row').filter({ hasText: subject }).locator(`[data-testid=cell][data-column=${column}]`);

it('shows the change that broke the tests, and those that were built together with a later one', async () => {
  const column = (await builders()).get('gauge-debug');
  for (const view of ['console', 'tgrid']) {
    if (watched.loads === 0) await watched.open(`${url}#/${view}`);
    else await page.getByTestId(`way-${view}`).click();
    const broken = cell('Make the mean faster', column);
    await broken.and(page.locator('[data-status=failure]:not([data-included])')).waitFor({ timeout: BUILT });
    expect(await broken.getByRole('link').getAttribute('aria-label')).toMatch(/^gauge-debug, revision [0-9a-f]{10}: Failed, build \d+/);
    // Each of the others was built, alone or with one after it.
    await cell('Add before dividing', column).and(page.locator('[data-status=success]')).waitFor({ timeout: BUILT });
  }
});

it('shows a forced build run and end, without a reload', async () => {
  const column = (await builders()).get('style');
  await watched.open(`${url}#/grid`);
  const row = page.locator(`[data-testid=matrix-row][data-key=${column}]`);
  await row.waitFor();
  await page.locator('[data-testid=connection][data-state=live]').waitFor();
  const columns = await page.getByTestId('column-head').count();
  const answer = await fetch(`${url}api/v2/forceschedulers/force`, {
    method: 'POST', headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'force', params: { builderid: Number(column?.slice(1)), reason: 'seen in the grid' } }),
  });
  expect(answer.ok, await answer.text()).toBe(true);
  // What is forced without a revision is a revision of its own, the newest.
  await expect.poll(() => page.getByTestId('column-head').count(), { timeout: BUILT }).toBeGreaterThanOrEqual(columns);
  const first = await page.getByTestId('column-head').first().getAttribute('data-key');
  await row.locator(`[data-testid=cell][data-column="${first}"][data-status=success]:not([data-included])`).waitFor({ timeout: BUILT });
});
