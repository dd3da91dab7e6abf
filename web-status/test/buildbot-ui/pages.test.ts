import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { selectors, type Locator, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';

import { openBrowser, type Opened } from '../e2e/browser.ts';
import { Master, PASSWORD, Running } from '../product/master.ts';
import { Watched } from '../product/watched.ts';

/** Milliseconds that builds may take, on a machine that is busy. */
const BUILT = 60_000;

/** Milliseconds that a page may take to show what there is. */
const SHOWN = 20_000;

/** A form with a value that can be wrong, and builds of changes. */
const MORE = `
gauges = project("gauges", description = "What is measured.")
builder("gauge", workers = [w], tags = ["c"], project = gauges, steps = [shell(name = "say", command = "echo gauged")])
any_branch("any", builders = ["gauge"])
force("measure", builders = ["slow"], button = "Measure", fields = [field_text("depth", label = "Depth", default = "3 m", pattern = "\\\\d+ m")])
`;

const pages = ['--ui', 'buildbot', '--ui-from', join(process.env['BUILDBOT'] ?? '', 'python')];
/**
 * What the waterfall's own code complains about on each build that runs, which has no end to be drawn at, and while no build took a
 * second, on Buildbot's masters too.
 */
const WATERFALL = /attribute (transform|height): .*(undefined|NaN).*waterfall_view/;

let master: Master;
let opened: Opened;
let watched: Watched;
let page: Page;

beforeAll(async () => {
  master = new Master(pages, MORE);
  selectors.setTestIdAttribute('data-bb-test-id');
  // Whoever is asked for a name and a password, as Buildbot's pages have it: by the browser itself.
  const httpCredentials = { username: 'ada', password: PASSWORD };
  [opened] = await Promise.all([openBrowser({ viewport: { width: 1280, height: 900 }, httpCredentials }), master.start()]);
  opened.context.setDefaultTimeout(SHOWN);
});
afterAll(async () => {
  await Promise.allSettled([opened.close(), master.end()]);
});
beforeEach(async () => {
  watched = new Watched(await opened.context.newPage());
  page = watched.page;
});
afterEach(async () => {
  expect(watched.problems).toEqual([]);
  await page.close();
});

const open = (place: string, site = master.url): Promise<void> => watched.open(`${site}#/${place}`);
const builder = async (name: string): Promise<number> => Number((await master.read(`builders/${name}`))['builders']?.[0]?.['builderid']);
/** A build's number in the colour of how it ended, in any of the tables. */
const build = (number: number, results: string): Locator => page.locator(`.results_${results}`).filter({ hasText: `(${number})` });

it('tells who somebody is once they have signed in', async () => {
  await open('');
  await page.getByText('Anonymous').click();
  await page.getByText('Login').click();
  const picture = page.locator('img.avatar');
  await picture.waitFor();
  expect(await picture.evaluate((one: HTMLImageElement) => one.naturalWidth)).toBeGreaterThan(0);
});

it('shows builders, and their builds as they run and end', async () => {
  await open('builders');
  await page.getByRole('link', { name: 'quick', exact: true }).waitFor();
  await page.getByText('fast', { exact: true }).waitFor();
  await page.locator('.worker_CONNECTED[title=w]').first().waitFor();
  await master.force(await builder('quick'));
  await build(1, 'SUCCESS').waitFor({ timeout: BUILT });
  expect(watched.loads).toBe(1);
});

it('says in the form what is wrong, forces a build, and shows its log as it is written', async () => {
  await open(`builders/${await builder('slow')}`);
  await page.getByRole('button', { name: 'Measure' }).click();
  const form = page.locator('.bb-forcebuild-modal');
  const start = form.getByRole('button', { name: 'Start build' });
  await page.getByTestId('force-field-depth').fill('deep');
  watched.allowRefusal(`${master.url}api/v2/forceschedulers/measure`);
  await start.click();
  await form.locator('.bb-force-build-modal-field-error').waitFor();
  await page.getByTestId('force-field-depth').fill('4 m');
  await page.getByTestId('force-field-reason').fill('seen in a browser');
  await start.click();
  // It leads over the request to the build, once that has begun.
  await page.locator('.bb-build-view').waitFor({ timeout: BUILT });
  await page.getByText('begun', { exact: true }).waitFor({ timeout: BUILT });
  const log = await opened.context.newPage();
  await log.goto(`${master.url}#/builders/${await builder('slow')}/builds/1/steps/0/logs/stdio`);
  await log.locator('.bb-logview').getByText('begun', { exact: true }).waitFor();
  master.release();
  await log.locator('.bb-logview').getByText('ended', { exact: true }).waitFor({ timeout: BUILT });
  await log.close();
  await page.locator('.bb-badge-status.results_SUCCESS').waitFor({ timeout: BUILT });
  await page.getByRole('tab', { name: 'Build Properties' }).click();
  await page.getByText('4 m').waitFor();
  await page.getByRole('tab', { name: 'Debug' }).click();
  await page.getByText('seen in a browser').and(page.locator(':visible')).first().waitFor();
  expect(watched.loads).toBe(1);
});

it('shows changes and their builds in the grid, the console and the waterfall, as they come', async () => {
  const gauge = await builder('gauge');
  const views = new Map<string, Page>();
  const others: Watched[] = [];
  for (const view of ['grid', 'console', 'waterfall', 'changes']) {
    const other = new Watched(await opened.context.newPage());
    await other.open(`${master.url}#/${view}`);
    views.set(view, other.page);
    others.push(other);
  }
  // They are there before the change is.
  await views.get('waterfall')?.locator('.bb-waterfall-view .header text').first().waitFor();
  await master.change('good1', 'Gauge a stream');
  for (const view of ['grid', 'console']) {
    await views.get(view)?.getByText('Gauge a stream').waitFor({ timeout: BUILT });
    await views.get(view)?.locator(`a[href="#/builders/${gauge}/builds/1"] .results_SUCCESS`).waitFor({ timeout: BUILT });
  }
  await views.get('changes')?.getByText('Gauge a stream').waitFor();
  await views.get('waterfall')?.locator(`a[*|href="#/builders/${gauge}/builds/1"] rect.results_SUCCESS`).waitFor({ timeout: BUILT });
  expect(others.flatMap((one) => one.problems.filter((problem) => !WATERFALL.test(problem)))).toEqual([]);
  for (const view of views.values()) await view.close();
  await open(`builders/${gauge}`);
  await page.getByText('ben@gauge.example').first().waitFor();
});

it('pauses a worker, and lets it work again', async () => {
  const paused = async (): Promise<unknown> => (await master.read('workers/w'))['workers']?.[0]?.['paused'];
  const act = async (what: string): Promise<void> => {
    await page.getByRole('button', { name: 'Actions...' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText(what, { exact: true }).first().click();
    await dialog.waitFor({ state: 'detached' });
  };
  await open('workers/1');
  await act('Pause');
  await expect.poll(paused, { timeout: BUILT }).toBe(true);
  await act('Unpause');
  await expect.poll(paused, { timeout: BUILT }).toBe(false);
});

it('shows every other page without a complaint', async () => {
  const places: [string, string][] = [
    ['', 'Welcome to buildbot'],
    ['masters', 'Last Active'],
    ['schedulers', 'measure'],
    ['workers', 'WorkerName'],
    ['projects', 'gauges'],
    ['projects/1', 'gauge'],
    ['pendingbuildrequests', 'Pending Buildrequests:'],
    ['about', "Buildbot's pages version: 4"],
    ['settings', 'Home page related settings'],
    ['buildrequests/1', 'build successful'],
    ['changes/1', 'ben@gauge.example'],
  ];
  await open('builders');
  for (const [place, text] of places) {
    await page.goto(`${master.url}#/${place}`);
    await page.locator('.content').getByText(text).first().waitFor();
    await page.waitForLoadState('networkidle');
  }
});

it('is the same pages on a gateway elsewhere, with the settings that it gives them', async () => {
  const settings = join(master.folder, 'settings.json');
  writeFileSync(settings, JSON.stringify({ 'Grid.revisionLimit': 7 }));
  const upstream = master.url.replace('http', 'grpc');
  const gateway = new Running(['web', '--upstream', upstream, '--listen', '127.0.0.1:0', ...pages, '--ui-settings', settings], master.folder);
  const url = `${await gateway.says(/serving (http:\/\/[\d.:]+)/)}/`;
  await open('builders', url);
  await page.getByRole('link', { name: 'quick', exact: true }).waitFor();
  await master.force(await builder('quick'));
  await build(2, 'SUCCESS').waitFor({ timeout: BUILT });
  await page.goto(`${url}#/settings`);
  const limit = page.locator('.form-group, .mb-3, div').filter({ hasText: /^Maximum number of revisions to display/ }).locator('input').first();
  await expect.poll(() => limit.inputValue()).toBe('7');
  await page.close();
  await gateway.stop();
});

it('says what is missing where Buildbot is not installed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'web-status-nothing-'));
  const gateway = new Running(['web', '--listen', '127.0.0.1:0', '--ui', 'buildbot', '--ui-from', folder], folder);
  await gateway.says(/there is no package buildbot_www, Buildbot's pages, in .*pip install buildbot-www/);
  rmSync(folder, { recursive: true });
});
