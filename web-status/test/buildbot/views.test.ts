import { tmpdir } from 'node:os';

import type { Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';

import { Client, type WatchEvent } from '../../client/index.ts';
import { openBrowser, type Opened } from '../e2e/browser.ts';
import { Running } from '../product/master.ts';
import { Watched } from '../product/watched.ts';
import { Buildbot } from './buildbot.ts';
import { serveElsewhere, type Elsewhere } from './elsewhere.ts';

/** Milliseconds that builds may take, on a machine that is busy. */
const BUILT = 90_000;

/** Revisions that the grids show by then: those of five changes, and that of the forced builds, which have none. */
const REVISIONS = 6;

let buildbot: Buildbot;
let ids: Map<string, number>;
let elsewhere: Elsewhere;
let opened: Opened;
let watched: Watched;
let page: Page;

beforeAll(async () => {
  elsewhere = await serveElsewhere();
  [buildbot, opened] = await Promise.all([Buildbot.start(elsewhere.origin), openBrowser({ viewport: { width: 1280, height: 900 } })]);
  elsewhere.api = buildbot.url;
  ids = new Map((await buildbot.read('builders'))['builders']?.map((one) => [String(one['name']), Number(one['builderid'])]));
  await buildbot.change('good1', 'Gauge a stream');
  await buildbot.change('bad2', 'Make the mean faster');
});
afterAll(async () => {
  await Promise.allSettled([opened.close(), buildbot.close(), elsewhere.close()]);
});
beforeEach(async () => {
  watched = new Watched(await opened.context.newPage());
  page = watched.page;
});
afterEach(async () => {
  // Also after a test that failed in the middle: the others' builds go on.
  buildbot.hold(false);
  expect(watched.problems).toEqual([]);
  expect(watched.loads, 'the page is loaded once, and never again').toBeLessThanOrEqual(1);
  await page.close();
});

const open = (hash: string, site = `${buildbot.url}weir/`): Promise<void> => watched.open(`${site}#/${hash}`);
const marked = (testid: string, data: Record<string, string> = {}): Locator =>
  page.locator(`[data-testid=${testid}]${Object.entries(data).map(([name, value]) => `[data-${name}="${value}"]`).join('')}`);
const live = (): Promise<void> => marked('connection', { state: 'live' }).waitFor();
const builtAll = async (): Promise<void> => {
  await expect.poll(async () => (await buildbot.read('buildrequests?complete=false'))['buildrequests']?.length, { timeout: BUILT }).toBe(0);
};

/** The id that the master gave to a builder: in no order. */
const idOf = (name: string): number => ids.get(name) ?? 0;
const nextNumber = async (builder: string): Promise<number> =>
  1 + Number((await buildbot.read(`builds?builderid=${idOf(builder)}&order=-number&limit=1`))['builds']?.[0]?.['number']);

it('shows the builders, and their results as they come', async () => {
  await open('builders');
  await live();
  await marked('builder-row', { builder: 'style', status: 'success' }).waitFor({ timeout: BUILT });
  const gauge = marked('builder-row', { builder: 'gauge', status: 'failure' });
  await gauge.waitFor({ timeout: BUILT });
  await gauge.getByTestId('result-strip').locator('[data-status=success]').waitFor();
});

it('forces a build, follows its steps and the lines of its log as they are written', async () => {
  await builtAll();
  buildbot.hold(true);
  await open(`builders/${idOf('gauge')}`);
  await live();
  await marked('force-button').first().click();
  await page.locator('[data-field=reason] input').fill('seen in a browser');
  await marked('force-submit').click();
  await marked('forced-build').click({ timeout: BUILT });
  await marked('build-state', { status: 'running' }).waitFor();
  await live();
  await marked('step-row', { step: 'measure', status: 'running' }).waitFor({ timeout: BUILT });
  await marked('log-line', { stream: 'o' }).filter({ hasText: 'level 1 of 2' }).waitFor();
  const before = watched.requests.length;
  buildbot.hold(false);
  await marked('log-line', { stream: 'o' }).filter({ hasText: 'level 2 of 2' }).waitFor();
  await marked('build-state', { status: 'success' }).waitFor({ timeout: BUILT });
  await page.getByText('seen in a browser').first().waitFor();
  const asked = watched.requests.slice(before).map((request) => request.url());
  // Who polls asks the same again.
  expect(new Set(asked).size, asked.join(' ')).toBe(asked.length);
});

it('shows what a build was made of, and the line of its log that tells why it failed', async () => {
  await builtAll();
  const [failed] = (await buildbot.read('builds?results=2'))['builds'] ?? [];
  const build = `builders/${idOf('gauge')}/builds/${String(failed?.['number'])}`;
  await open(build);
  await marked('build-state', { status: 'failure' }).waitFor();
  await page.getByText('Make the mean faster').first().waitFor();
  await page.goto(`${buildbot.url}weir/#/${build}/steps/2/logs/stdio`);
  await live();
  await marked('log-line', { stream: 'o' }).filter({ hasText: 'the mean is wrong' }).waitFor();
});

it('says what the master says about a bad value', async () => {
  await open(`builders/${idOf('style')}`);
  await marked('force-button').first().click();
  await page.locator('[data-field=depth] input').fill('deep');
  watched.allowRefusal(`${buildbot.url}api/v2/forceschedulers/force`);
  await marked('force-submit').click();
  await page.locator('[data-field=depth]').getByTestId('force-error').waitFor();
});

it('pauses a worker, sees that by its event, and lets it work again', async () => {
  await open('workers');
  await live();
  const row = marked('worker-row', { worker: 'upstream', connected: 'true' });
  await row.getByTestId('pause-button').click();
  await marked('pause-dialog-submit').click();
  await expect.poll(async () => (await buildbot.read('workers/upstream'))['workers']?.[0]?.['paused'], { timeout: BUILT }).toBe(true);
  await row.getByText(/paused/i).first().waitFor();
  await row.getByTestId('pause-button').click();
  await expect.poll(async () => (await buildbot.read('workers/upstream'))['workers']?.[0]?.['paused'], { timeout: BUILT }).toBe(false);
});

it('shows changes as they come', async () => {
  await open('changes');
  await live();
  await marked('change-row').filter({ hasText: 'Make the mean faster' }).waitFor();
  await buildbot.change('good3', 'Add before dividing');
  await marked('change-row').filter({ hasText: 'Add before dividing' }).waitFor();
});

it('works from another origin, over CORS', async () => {
  await open('builders', elsewhere.origin + '/');
  await live();
  await marked('builder-row', { builder: 'gauge' }).waitFor();
});

it('works inside a gateway of Weir before the master, live, and builds', async () => {
  await builtAll();
  const gateway = new Running(['web', '--upstream', buildbot.url, '--listen', '127.0.0.1:0'], tmpdir());
  try {
    const url = `${await gateway.says(/serving (http:\/\/[\d.:]+)/)}/`;
    await open(`builders/${idOf('style')}`, url);
    await live();
    await marked('force-button').first().click();
    await marked('force-submit').click();
    await marked('forced-build').click({ timeout: BUILT });
    await marked('build-state', { status: 'success' }).waitFor({ timeout: BUILT });
    expect(await (await fetch(`${url}badges/style.svg`)).text()).toContain('success');
    expect(watched.problems).toEqual([]);
    // The page's socket, which is open, does not keep it from ending.
    expect(await gateway.stop()).toBe(0);
    await marked('connection', { state: 'reconnecting' }).waitFor();
  } finally {
    await gateway.stop();
  }
  // What the browser says of that.
  watched.problems.length = 0;
});

it('shows what is broken, by its cause, and what runs', async () => {
  await builtAll();
  await open('home');
  await live();
  await buildbot.change('bad4', 'Take the mean of all');
  await page.locator('[data-testid=broken-row][data-builder=gauge]').waitFor({ timeout: BUILT });
  await marked('cause-row').filter({ hasText: 'measure' }).first().waitFor();
  buildbot.hold(true);
  await buildbot.force(idOf('gauge'));
  await marked('running-row').filter({ hasText: 'gauge' }).filter({ hasText: 'measure' }).waitFor({ timeout: BUILT });
  buildbot.hold(false);
  await page.locator('[data-testid=broken-row][data-builder=gauge]').waitFor({ state: 'detached', timeout: BUILT });
});

it('switches a scheduler off and on, and shows each of the other views', async () => {
  await open('schedulers');
  await live();
  const row = (enabled: boolean): Locator => marked('scheduler-row', { scheduler: 'any', enabled: String(enabled) });
  await row(true).getByRole('switch').click();
  await row(false).getByRole('switch').click({ timeout: BUILT });
  await row(true).waitFor({ timeout: BUILT });
  const [worker] = (await buildbot.read('workers/upstream'))['workers'] ?? [];
  const [request] = (await buildbot.read('buildrequests?limit=1'))['buildrequests'] ?? [];
  const { buildrequestid, buildsetid } = request ?? {};
  for (const [hash, mark] of [
    ['masters', 'master-row'], [`workers/${String(worker?.['workerid'])}`, 'worker'], ['changes/1', 'change'], ['projects', 'empty'], ['pendingbuildrequests', 'empty'],
    [`buildrequests/${String(buildrequestid)}`, 'request'], [`buildsets/${String(buildsetid)}`, 'buildset'],
  ] as const) {
    await page.goto(`${buildbot.url}weir/#/${hash}`);
    await marked(mark).first().waitFor();
    await live();
  }
});

it('draws builds over time, and the new ones as they begin and end', async () => {
  await open('waterfall');
  await live();
  await page.locator('[data-testid=waterfall-chart][data-settled=true]').waitFor();
  await marked('waterfall-build', { builder: 'gauge', status: 'failure' }).first().waitFor({ state: 'attached' });
  await builtAll();
  const number = await nextNumber('style');
  await buildbot.force(idOf('style'));
  await builtAll();
  await marked('waterfall-build', { builder: 'style', number: String(number), status: 'success' }).waitFor({ state: 'attached', timeout: BUILT });
});

it('puts builds into the cells of grids and console, and follows them there', async () => {
  await builtAll();
  await open('console');
  await live();
  const { changes = [] } = await buildbot.read('changes?revision=bad2');
  const cell = (key: unknown, status: string): Locator => page.locator(`[data-testid=matrix-row][data-key="${String(key)}"] [data-testid=cell][data-column=b${idOf('gauge')}][data-status=${status}]`);
  await cell(changes[0]?.['changeid'], 'failure').waitFor();
  buildbot.hold(true);
  await buildbot.change('bad5', 'Try again');
  const made = (await buildbot.read('changes?revision=bad5'))['changes']?.[0]?.['changeid'];
  await cell(made, 'running').waitFor({ timeout: BUILT });
  buildbot.hold(false);
  await cell(made, 'failure').waitFor({ timeout: BUILT });
  for (const [view, builders] of [['grid', 'row'], ['tgrid', 'column']] as const) {
    await page.goto(`${buildbot.url}weir/#/${view}`);
    await live();
    await page.locator('[data-testid=matrix] [data-testid=cell][data-status=failure]').nth(1).waitFor();
    expect(await marked('matrix-row').count(), builders).toBe(builders === 'row' ? 2 : REVISIONS);
  }
});

it('reads again after the master was away, and goes on live', async () => {
  await builtAll();
  await open('builders');
  await live();
  await buildbot.down();
  await marked('connection', { state: 'reconnecting' }).waitFor();
  await buildbot.up();
  await live();
  const number = await nextNumber('gauge');
  await buildbot.change('bad6', 'And again');
  await marked('builder-row', { builder: 'gauge' }).getByTestId('result-strip').locator(`a[title^="#${number} "]`).waitFor({ timeout: BUILT });
  // What the browser noted while nobody was there.
  watched.problems.length = 0;
});

it('makes the answers of Weir\'s views out of plain lists, and follows them over server-sent events', async () => {
  await builtAll();
  // Node has no socket here, or it has: either way is one of Buildbot's.
  const client = new Client({ base: buildbot.url, master: 'ask' });
  try {
    const home = (await client.view('home')).data;
    expect(client.capabilities.master).toBe('buildbot');
    expect(home.broken.map((one) => home.builders.find((builder) => builder.builderid === one.builderid)?.name)).toEqual(['gauge']);
    expect(home.recent.length).toBeGreaterThanOrEqual(6);
    const now = Math.ceil(Date.now() / 1000) + 1;
    const waterfall = (await client.view('waterfall', { from: now - 3600, to: now, steps: true })).data;
    expect(waterfall.builds.length).toBe(home.recent.length);
    expect(waterfall.changes.map((change) => change.revision)).toEqual(['bad6', 'bad5', 'bad4', 'good3', 'bad2', 'good1']);
    expect(new Set(waterfall.steps.map((step) => step.name))).toContain('measure');
    const grid = (await client.view('grid', { branch: 'main' })).data;
    expect(grid.revisions.map((row) => row.sourcestamps[0]?.revision)).toEqual(['bad6', 'bad5', 'bad4', 'good3', 'bad2', 'good1']);
    expect(grid.cells.filter((cell) => cell.builderid === idOf('gauge')).map((cell) => cell.builds[0]?.[4])).toEqual([2, 2, 2, 0, 2, 0]);
    const { data: table, cursor } = await client.view('console');
    expect(table.changes.length).toBe(6);
    expect(table.cells.length).toBe(12);

    const got: WatchEvent[] = [];
    const watch = client.watch({ patterns: [`builders/${idOf('style')}/builds/*/*`], since: cursor ?? 0, onEvent: (event) => got.push(event), onExpired: () => undefined });
    await client.force('force', idOf('style'), { reason: 'over a stream' });
    await expect.poll(() => got.map((event) => event.key.at(-1)), { timeout: BUILT }).toContain('finished');
    expect((await client.view('home')).data.waiting).toEqual([]);
    watch.close();
  } finally {
    client.close();
  }
});
