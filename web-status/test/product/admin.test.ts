import type { Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';

import { openBrowser, type Opened } from '../e2e/browser.ts';
import { Watched } from './watched.ts';

// Workers, schedulers, requests, changes and masters of a real master, the demo's at `$WEIR_URL`.
let url: string;
let opened: Opened;
let watched: Watched;
let page: Page;

beforeAll(async () => {
  url = `${(process.env['WEIR_URL'] ?? '').replace(/\/$/, '')}/`;
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
const live = (): Promise<void> => page.locator('[data-testid=connection][data-state=live]').waitFor();
const marked = (testid: string, name: string, value: string | number): Locator => page.locator(`[data-testid=${testid}][data-${name}="${value}"]`);

it('has both workers wait, tells so of the request that waits for them, and cancels it', async () => {
  await watched.open(`${url}#/workers`);
  await live();
  for (const name of ['worker-1', 'worker-2']) {
    const row = marked('worker-row', 'worker', name);
    await row.getByTestId('pause-button').click();
    await page.locator('[data-testid=pause-dialog] input').fill('being looked at');
    await page.getByTestId('pause-dialog-submit').click();
    await row.getByText('Resume').waitFor();
  }
  await page.evaluate(() => void (location.hash = '#/schedulers'));
  const force = marked('scheduler-row', 'scheduler', 'force');
  await force.locator('summary').click();
  await force.locator('[data-testid=force-button][data-builder=style]').click();
  await page.getByTestId('force-submit').click();
  const request = await page.getByTestId('forced').getAttribute('data-request');
  await page.evaluate(() => void (location.hash = '#/pendingbuildrequests'));
  const row = marked('request-row', 'request', request ?? '');
  await page.locator(`[data-testid=request-row][data-request="${request}"][data-reason=paused]`).waitFor();
  await row.getByTestId('priority-button').click();
  await page.getByTestId('priority-input').fill('5');
  await page.getByTestId('priority-submit').click();
  await row.getByText('5', { exact: true }).waitFor();
  await row.getByTestId('cancel-button').click();
  await page.getByTestId('cancel-dialog-submit').click();
  await row.waitFor({ state: 'detached' });
  await page.evaluate(() => void (location.hash = '#/workers'));
  for (const name of ['worker-1', 'worker-2']) {
    const worker = marked('worker-row', 'worker', name);
    await worker.getByTestId('pause-button').click();
    await worker.getByText('Pause', { exact: true }).waitFor();
  }
});

it('turns a scheduler off and on', async () => {
  await watched.open(`${url}#/schedulers`);
  await live();
  const row = marked('scheduler-row', 'scheduler', 'every-commit');
  await row.getByTestId('toggle-scheduler').click();
  await row.getByText('Disabled').waitFor();
  await row.getByTestId('toggle-scheduler').click();
  await row.getByText('Enabled').waitFor();
});

it('leads from the author of a change to its builds, and from a build to its worker', async () => {
  await watched.open(`${url}#/changes?author=Cleo`);
  const row = page.getByTestId('change-row').filter({ hasText: 'Make the mean faster' });
  await row.locator('summary').click();
  expect(await page.getByText('Name the authors').count()).toBe(0);
  await row.getByTestId('change-link').click();
  await page.getByTestId('change-builds').getByTestId('build-row').first().waitFor();
  await page.evaluate(() => void (location.hash = '#/workers/1'));
  await page.getByTestId('worker-builds').getByTestId('build-row').first().waitFor();
  await page.evaluate(() => void (location.hash = '#/masters'));
  await page.locator('[data-testid=master-row][data-active=true]').waitFor();
});

it('leads from a project to its builders and its changes', async () => {
  await watched.open(`${url}#/projects`);
  await marked('project-row', 'project', 'gauge').getByRole('link').click();
  await marked('project', 'project', 'gauge').waitFor();
  await expect.poll(() => page.getByTestId('builder-row').count(), { timeout: 10_000 }).toBe(3);
  await page.getByTestId('project').getByRole('link', { name: 'Changes' }).click();
  await page.getByTestId('change-row').first().waitFor();
});
