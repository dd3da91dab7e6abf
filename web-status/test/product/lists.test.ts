import type { Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';

import { openBrowser, type Opened } from '../e2e/browser.ts';
import { Watched } from './watched.ts';

// The home view, the builders and a builder over a real master: the demo, whose address is in `$WEIR_URL`.
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
const marked = (testid: string, name: string, value: string): Locator => page.locator(`[data-testid=${testid}][data-${name}="${value}"]`);
const live = (): Promise<void> => page.locator('[data-testid=connection][data-state=live]').waitFor();

it('tells on the home view what failed and why, and shows a forced build from its request to its end', async () => {
  await watched.open(url);
  await page.getByTestId('home').waitFor();
  // The demo's broken commit: the line of its log that tells what was wrong.
  const cause = page.getByTestId('cause-row').filter({ has: page.getByTestId('clue').getByText('FAILED mean in spring: expected 464, got 462') });
  await cause.first().waitFor({ timeout: BUILT });
  expect(await cause.first().textContent()).toContain('test');
  await page.getByTestId('home-change').getByText('Make the mean faster').waitFor();
  await live();
  const before = await page.getByTestId('recent-row').first().getAttribute('data-build');
  const force = { jsonrpc: '2.0', id: 1, method: 'force', params: { builderid: 1, reason: 'seen on the home view' } };
  const forced = await fetch(`${url}api/v2/forceschedulers/force`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(force) });
  expect(forced.status).toBe(200);
  const running = page.getByTestId('running-row').filter({ hasText: 'gauge-debug' });
  await running.first().waitFor({ timeout: BUILT });
  const build = await running.first().getAttribute('data-build');
  // It has built before: so it is known when it will end.
  await running.first().locator('[aria-valuenow]').waitFor();
  await marked('recent-row', 'build', build ?? '').waitFor({ timeout: BUILT });
  expect(build).not.toBe(before);
});

it('finds builders by tag and project, and shows one with its durations, workers and builds', async () => {
  await watched.open(`${url}#/builders?group=project`);
  await page.getByTestId('builder-group').getByText('gauge').waitFor();
  await marked('tag-choice', 'tag', 'style').click();
  await marked('tag-choice', 'tag', 'style').click();
  await marked('builder-row', 'builder', 'style').waitFor({ state: 'detached' });
  const row = marked('builder-row', 'builder', 'gauge-debug');
  await row.getByTestId('rate').waitFor({ timeout: BUILT });
  await row.getByTestId('builder-link').click();
  await page.getByTestId('description').locator('code').waitFor();
  for (const name of ['worker-1', 'worker-2']) await page.locator(`[data-testid=worker-health][data-worker=${name}][data-state=online]`).waitFor();
  await page.getByTestId('duration-plot').getByRole('slider').focus();
  await page.keyboard.press('Home');
  expect(await page.getByTestId('duration-plot').getByRole('slider').getAttribute('aria-valuetext')).toMatch(/^#1, /);
  await page.locator('[data-testid=filter-result][data-status=failure]').click();
  await page.locator('[data-testid=build-row][data-status=success]').first().waitFor({ state: 'detached' });
  await page.locator('[data-testid=build-row][data-status=failure]').last().getByTestId('build-link').click();
  await page.locator('[data-testid=build-state][data-status=failure]').waitFor();
});
