import type { Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';

import { openBrowser, type Opened } from '../e2e/browser.ts';
import { Master, PASSWORD, TOKEN } from './master.ts';

// What readers do with a page and a browser, over a master that this test starts, stops and starts again.
/** Milliseconds until a page follows a master again that was away, on a machine that is busy. */
const BACK = 60_000;

let opened: Opened;
let master: Master;
let page: Page;
let problems: string[] = [];

beforeAll(async () => {
  master = new Master();
  await master.start();
}, 120_000);
afterAll(() => master.end());
beforeEach(async () => {
  // A profile of its own for each: what one has signed in with is nobody else's.
  opened = await openBrowser({ viewport: { width: 1200, height: 800 } });
  page = await tab('');
});
afterEach(async () => {
  await opened.close();
  expect(problems).toEqual([]);
  problems = [];
});

async function tab(hash: string): Promise<Page> {
  const made = await opened.context.newPage();
  made.on('pageerror', (error) => problems.push(String(error)));
  await made.goto(`${master.url}${hash}`);
  return made;
}
const live = (one: Page): Promise<void> => one.locator('[data-testid=connection][data-state=live]').waitFor({ timeout: BACK });
const row = (one: Page, name: string): Locator => one.locator(`[data-testid=builder-row][data-builder="${name}"]`);
const state = (one: Page, status: string): Locator => one.locator(`[data-testid=build-state][data-status=${status}]`);
async function signIn(one: Page): Promise<void> {
  await one.getByTestId('username-input').fill('ada');
  await one.getByTestId('password-input').fill(PASSWORD);
  await one.getByTestId('token-submit').click();
  await one.getByTestId('sign-in-dialog').waitFor({ state: 'detached' });
}
/** Forces a build through the page, which asks who one is where it does not know. */
async function force(one: Page, builderid: number): Promise<void> {
  await one.goto(`${master.url}#/builders/${builderid}`);
  await one.getByTestId('force-button').first().click();
  await one.getByTestId('force-submit').click();
}

it('keeps the place, its choices and what is shown over a reload and the back button', async () => {
  await master.force(1);
  await page.goto(`${master.url}#/builders?q=quick`);
  await row(page, 'quick').and(page.locator('[data-status=success]')).waitFor({ timeout: BACK });
  await page.reload();
  await row(page, 'quick').waitFor();
  expect(await row(page, 'slow').count()).toBe(0);
  await row(page, 'quick').getByTestId('builder-link').click();
  await page.getByTestId('build-link').first().click();
  await state(page, 'success').waitFor();
  const build = page.url();
  await page.reload();
  await state(page, 'success').waitFor();
  expect(page.url()).toBe(build);
  await page.goBack();
  await page.getByTestId('builder').waitFor();
  await page.goBack();
  await row(page, 'quick').waitFor();
  expect(await row(page, 'slow').count()).toBe(0);
  expect(page.url()).toContain('q=quick');
  await page.goForward();
  await page.getByTestId('builder').waitFor();
  await live(page);
});

it('shows in two tabs what is done in one of them', async () => {
  const other = await tab('#/builders/2');
  await other.getByTestId('builder').waitFor();
  await live(other);
  await force(page, 2);
  await signIn(page);
  await page.getByTestId('forced-build').click({ timeout: BACK });
  await state(page, 'running').waitFor();
  await other.locator('[data-testid=build-row][data-status=running]').waitFor({ timeout: BACK });
  // The other tab stops it, with the same session; nobody signs in again.
  await other.goto(page.url());
  await state(other, 'running').waitFor();
  await other.getByTestId('stop-button').click();
  await other.getByTestId('stop-dialog-submit').click();
  await state(other, 'cancelled').waitFor({ timeout: BACK });
  await state(page, 'cancelled').waitFor({ timeout: BACK });
});

it('goes on by itself when the master was started again while it was watched', async () => {
  await page.goto(`${master.url}#/builders/1`);
  await page.getByTestId('builder').waitFor();
  await live(page);
  const rows = page.getByTestId('build-row');
  const before = await rows.count();
  await page.evaluate(() => Object.assign(window, { kept: true }));
  await master.stop();
  await page.locator('[data-testid=connection]:not([data-state=live])').waitFor({ timeout: BACK });
  // What was there is still there to be read.
  expect(await rows.count()).toBe(before);
  await master.start();
  await live(page);
  await master.force(1);
  await rows.nth(before).waitFor({ timeout: BACK });
  await rows.first().and(page.locator('[data-status=success]')).waitFor({ timeout: BACK });
  // It was never loaded again.
  expect(await page.evaluate(() => 'kept' in window)).toBe(true);
});

it('says that a session has ended, and goes on with the next', async () => {
  await force(page, 1);
  await signIn(page);
  await page.getByTestId('forced-build').waitFor({ timeout: BACK });
  for (const id of sessions()) master.tell('token', 'revoke', id);
  // What is revoked in its data, the master knows three seconds later; the browser's cookie is gone with the first refusal.
  await expect.poll(() => page.evaluate(async () => (await fetch('./config', { cache: 'no-store' })).text()), { timeout: BACK }).not.toContain('Ada');
  await page.getByTestId('force-button').first().click();
  await page.getByTestId('force-submit').click();
  await page.getByTestId('sign-in-dialog').getByRole('alert').waitFor({ timeout: BACK });
  await signIn(page);
  await page.getByTestId('forced-build').waitFor({ timeout: BACK });
  await live(page);
});

it('takes an API token, and forgets it', async () => {
  await page.getByTestId('sign-in').click();
  await page.getByTestId('sign-in-dialog').locator('summary').click();
  await page.getByTestId('token-input').fill(TOKEN);
  await page.getByTestId('token-submit').click();
  await page.getByTestId('sign-in-dialog').waitFor({ state: 'detached' });
  await force(page, 1);
  await page.getByTestId('forced-build').waitFor({ timeout: BACK });
  await page.getByTestId('sign-in').click();
  await page.getByTestId('sign-out').click();
  expect(await page.evaluate(() => Object.values(localStorage).join())).not.toContain(TOKEN);
  await force(page, 1);
  await page.getByTestId('sign-in-dialog').waitFor();
});

/** Ids of the sessions that the master keeps. */
function sessions(): string[] {
  return [...master.tell('token', 'list').matchAll(/^\s*(\d+)\b/gm)].map(([, id = '']) => id);
}
