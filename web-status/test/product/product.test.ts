import type { Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';

import { openBrowser, type Opened } from '../e2e/browser.ts';
import { Watched } from './watched.ts';

// A real master with real workers, whose address is in `$WEIR_URL`: the demo with its builders and its history.
const BUILDERS = ['gauge-debug', 'gauge-release', 'style'];
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
  const site = await (await fetch(url)).text();
  if (!site.includes('id="app"')) throw new Error(`${url} serves no web status: build it before the master, with \`npm run build\`.`);
  opened = await openBrowser({ viewport: { width: 1280, height: 900 } });
});
afterAll(() => opened.close());
beforeEach(async () => {
  watched = new Watched(await opened.context.newPage());
  page = watched.page;
  await watched.open(`${url}#/builders`);
});
afterEach(async () => {
  expect(watched.problems).toEqual([]);
  expect(watched.loads, 'the page is loaded once, and never again').toBe(1);
  await page.close();
});

const builderRow = (name: string, status = ''): Locator =>
  page.locator(`[data-testid=builder-row][data-builder="${name}"]${status === '' ? '' : `[data-status=${status}]`}`);
const step = (name: string): Locator => page.locator(`[data-testid=step-row][data-step="${name}"]`);
const state = (status: string): Locator => page.locator(`[data-testid=build-state][data-status=${status}]`);
const live = (): Promise<void> => page.locator('[data-testid=connection][data-state=live]').waitFor();
const openBuilder = (name: string): Promise<void> => builderRow(name).getByTestId('builder-link').click();

/** What the page showed of a step's log at one moment. */
interface Shown {
  state: string;
  lines: number;
  /** The last line in sight. */
  text: string;
}

/** Notes from now on whatever the page shows of a step's log, each time it changes. */
function record(name: string): Promise<void> {
  return page.evaluate((step) => {
    const seen: Shown[] = [];
    Object.assign(window, { seen });
    new MutationObserver(() => {
      const row = document.querySelector(`[data-testid=step-row][data-step="${step}"]`);
      const pane = row?.querySelector<HTMLElement>('[data-testid=log-pane]');
      const state = document.querySelector<HTMLElement>('[data-testid=build-state]')?.dataset['status'] ?? '';
      const text = [...(pane?.querySelectorAll('[data-testid=log-line] .text') ?? [])].at(-1)?.textContent ?? '';
      const lines = Number(pane?.dataset['lines'] ?? 0);
      const last = seen.at(-1);
      if (last?.state !== state || last.lines !== lines || last.text !== text) seen.push({ state, lines, text });
    }).observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true });
  }, name);
}
const recorded = (): Promise<Shown[]> => page.evaluate(() => (window as unknown as { seen: Shown[] }).seen);

it('shows the builders, and their results as they come', async () => {
  for (const name of BUILDERS) await builderRow(name).waitFor();
  expect(await page.getByTestId('builder-row').count()).toBe(BUILDERS.length);
  await live();
  for (const name of BUILDERS) {
    const row = builderRow(name, 'success');
    await row.waitFor({ timeout: BUILT });
    await row.getByTestId('result-strip').locator('[data-status=success]').first().waitFor();
  }
  await page.getByTestId('nav-workers').click();
  for (const name of ['worker-1', 'worker-2']) await page.locator(`[data-testid=worker-row][data-worker=${name}][data-connected=true]`).waitFor();
  await page.getByTestId('nav-changes').click();
  await page.getByTestId('change-row').getByText('Make the mean faster').waitFor();
});

it('forces a build, and shows its log as it is written, without a reload and without polling', async () => {
  await openBuilder('gauge-release');
  await page.getByTestId('force-button').click();
  await page.locator('[data-field=reason] input').fill('seen in a browser');
  await page.getByTestId('force-submit').click();
  await record('test');
  await page.getByTestId('forced-build').click({ timeout: BUILT });
  await state('running').waitFor();
  await live();
  // The view has read its snapshot: from here on all is told by events.
  await step('test').and(page.locator('[data-status=running]')).waitFor();
  const from = watched.requests.length;
  await state('success').waitFor({ timeout: BUILT });
  const asked = watched.requests.slice(from).map((request) => ({ method: request.method(), url: request.url() }));
  for (const name of ['git', 'compile', 'test', 'report']) await step(name).and(page.locator('[data-status=success]')).waitFor();
  expect(await page.getByTestId('reason').textContent()).toContain('seen in a browser');
  // Its log made room for that of the step after it.
  await step('test').getByTestId('step-toggle').click();
  await step('test').locator('[data-testid=log-pane][data-complete=true]').waitFor();
  await step('test').getByText('test 7 of 7').waitFor();

  const grown = (await recorded()).filter((one) => one.state === 'running' && one.lines > 0);
  const counts = grown.map((one) => one.lines);
  expect(counts, 'no line is taken back').toEqual(counts.toSorted((a, b) => a - b));
  expect(new Set(counts).size, `line counts while it ran: ${counts.join(' ')}`).toBeGreaterThanOrEqual(4);
  // Not only their number: the lines themselves were in sight while it ran.
  expect(new Set(grown.map((one) => one.text).filter((text) => /^(test \d|ok )/.test(text))).size).toBeGreaterThanOrEqual(4);

  const allowed = [`${url}sse/listen?`, `${url}api/v2/logs/`];
  for (const request of asked) {
    expect(request.method).toBe('GET');
    expect(allowed.some((start) => request.url.startsWith(start)), request.url).toBe(true);
    if (request.url.includes('/logs/')) expect(request.url).toMatch(/\/logs\/\d+\/contents\?/);
  }
  expect(asked.some((request) => request.url.includes('/contents?'))).toBe(true);
  // Who polls asks the same again; each stream here begins at another cursor, each chunk at another line.
  expect(new Set(asked.map((request) => request.url)).size).toBe(asked.length);
});

it('says what the server says about a bad value, and takes a good one', async () => {
  await openBuilder('style');
  await page.getByTestId('force-button').click();
  const priority = page.locator('[data-field=priority]');
  // A whole number to the page, but more than the server takes.
  await priority.locator('input').fill('99999999999');
  watched.allowRefusal(`${url}api/v2/forceschedulers/force`);
  const answer = page.waitForResponse((response) => response.url() === `${url}api/v2/forceschedulers/force`);
  await page.getByTestId('force-submit').click();
  const body = (await (await answer).json()) as { error: { message: Record<string, string> } };
  const said = body.error.message['priority'];
  if (!said) throw new Error('The server says nothing about the priority.');
  await priority.getByTestId('force-error').getByText(said).waitFor();
  expect(await priority.locator('input').getAttribute('aria-invalid')).toBe('true');
  await priority.locator('input').fill('7');
  await page.getByTestId('force-submit').click();
  await page.getByTestId('forced-build').click({ timeout: BUILT });
  await state('success').waitFor({ timeout: BUILT });
});

it('shows the failed step of a failed build, and its red line', async () => {
  await openBuilder('gauge-debug');
  await page.locator('[data-testid=build-row][data-status=failure]').last().getByTestId('build-link').click({ timeout: BUILT });
  await state('failure').waitFor();
  await step('test').and(page.locator('[data-status=failure]')).waitFor();
  await step('report').and(page.locator('[data-status=success]')).waitFor();
  const line = step('test').locator('[data-testid=log-line][data-stream=e]').filter({ hasText: 'FAILED mean in spring: expected 464, got 462' });
  const colour = await line.locator('span', { hasText: /^FAILED$/ }).last().evaluate((element) => getComputedStyle(element).color);
  const [red = 0, green = 0, blue = 0] = (colour.match(/\d+/g) ?? []).map(Number);
  expect(red > 2 * green && red > 2 * blue, colour).toBe(true);
  expect(await page.getByTestId('blame').textContent()).toBe('Cleo Sluice');
  expect(await page.getByTestId('owners').count(), 'whoever wrote the changes is told of once').toBe(0);
});
