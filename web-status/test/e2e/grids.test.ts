import type { Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';

import type { Mock, MockOptions } from '../mock/server.ts';
import { axe } from './axe.ts';
import { openBrowser, openMock, openPage, type Opened } from './browser.ts';

// Grid, transposed grid and console over a mock master that this test drives.
let opened: Opened;
let mock: Mock;
let url: string;
let page: Page;
let problems: string[] = [];

beforeAll(async () => {
  opened = await openBrowser({ viewport: { width: 1200, height: 800 } });
});
afterAll(() => opened.close());
beforeEach(() => start());
afterEach(async () => {
  expect(problems).toEqual([]);
  problems = [];
  await page.close();
  await mock.close();
});

async function start(options: MockOptions = {}): Promise<void> {
  ({ mock, url } = await openMock({ builders: 12, ...options }));
  page = await openPage(opened.context, url, problems);
}
async function restart(options: MockOptions): Promise<void> {
  await page.close();
  await mock.close();
  await start(options);
}
const live = (): Promise<void> => page.locator('[data-testid=connection][data-state=live]').waitFor();
const row = (key: string | number): Locator => page.locator(`[data-testid=matrix-row][data-key="${key}"]`);
/** The cell of a row and a builder. */
const cell = (key: string | number, builderid: number, status = ''): Locator =>
  row(key).locator(`[data-testid=cell][data-column=b${builderid}]${status === '' ? '' : `[data-status=${status}]`}`);
const open = async (hash: string): Promise<void> => {
  await page.goto(`${url}${hash}`);
  await page.getByTestId('matrix').waitFor();
  await live();
};
const focused = (): Promise<string> => page.evaluate(() => document.activeElement?.closest('[data-r]')?.getAttribute('data-r') + ' ' + document.activeElement?.closest('[data-r]')?.getAttribute('data-c'));
/** Reads of the server's views since the last time this was asked. */
let seen = 0;
const reads = (): number => {
  const before = seen;
  seen = mock.reads.filter((path) => path.startsWith('views/')).length;
  return seen - before;
};

it('shows a change before it is built, lets its request wait, run, fail, and links a build of several changes', async () => {
  await open('#/console');
  const { world } = mock;
  const [one, two] = [world.change('Ada <a@x>', 'One', ['a.c']), world.change('Mei <m@x>', 'Two\n\nMore of it.', ['b.c', 'c.c'])];
  await row(two.changeid).waitFor();
  const request = world.request(1, 'both', [one, two]);
  await cell(one.changeid, 1, 'pending').waitFor();
  await cell(two.changeid, 1, 'pending').waitFor();
  reads();
  const build = world.start(request, 1);
  await cell(two.changeid, 1, 'running').waitFor();
  world.finish(build, 2);
  await cell(one.changeid, 1, 'failure').waitFor();
  expect(reads(), 'what events tell is not read').toBe(0);
  // The same build in both rows is one mark.
  const [top, bottom] = await Promise.all([cell(two.changeid, 1).getByRole('link').boundingBox(), cell(one.changeid, 1).getByRole('link').boundingBox()]);
  expect(Math.abs((top?.y ?? 0) + (top?.height ?? 0) - (bottom?.y ?? 0))).toBeLessThanOrEqual(2);
  expect(await cell(two.changeid, 1).getByRole('link').getAttribute('aria-label')).toMatch(new RegExp(`^linux-gcc, revision ${two.revision?.slice(0, 10)}: Failed, build ${build.number}, `));
  await row(two.changeid).getByTestId('line-head').click();
  await page.getByTestId('line-details').getByText('More of it.').waitFor();
  await page.getByTestId('line-details').getByText('c.c').waitFor();
  await cell(one.changeid, 1).getByRole('link').click();
  await page.locator('[data-testid=build-state][data-status=failure]').waitFor();
});

it('shows that a later build has a change in it that was not built alone', async () => {
  await open('#/console');
  const { world } = mock;
  const [one, two] = [world.change('Ada <a@x>', 'One', []), world.change('Ada <a@x>', 'Two', [])];
  const build = world.start(world.request(2, 'the later one', [two]), 1);
  world.finish(build, 0);
  const included = cell(one.changeid, 2, 'success');
  await included.and(page.locator('[data-included]')).waitFor();
  expect(await included.getByRole('link').getAttribute('aria-label')).toContain(`included in build ${build.number}`);
});

it('groups builders by tag, and keeps what is folded in the address', async () => {
  await open('#/console');
  const linux = page.locator('[data-testid=band][data-group=linux]');
  const columns = (): Promise<number> => page.getByTestId('column-head').count();
  expect(await columns()).toBe(12);
  await linux.click();
  await page.locator('[data-testid=column-head][data-key=glinux]').waitFor();
  expect(page.url()).toContain('fold=linux');
  expect(await columns()).toBeLessThan(12);
  await page.reload();
  await page.locator('[data-testid=column-head][data-key=glinux]').waitFor();
  const folded = page.locator('[data-testid=cell][data-column=glinux][data-status=failure]').first();
  await folded.click();
  await page.getByTestId('card').getByText('Failed').first().waitFor();
  await axe(page);
  await page.getByTestId('unfold-all').click();
  await page.locator('[data-testid=column-head][data-key=b1]').waitFor();
});

it('reads older changes when one comes to the end', async () => {
  for (let i = 0; i < 120; i++) mock.world.change('Ada <a@x>', `Change ${i}`, []);
  await open('#/console?limit=25');
  await row(mock.world.changes.length).waitFor();
  const box = page.getByTestId('matrix');
  await expect.poll(async () => {
    await box.evaluate((element) => element.scrollTo(0, element.scrollHeight));
    return row(1).count();
  }, { timeout: 15_000 }).toBe(1);
  expect(await box.getAttribute('aria-rowcount')).toBe(String(mock.world.changes.length + 3));
});

it('shows builds without a change between the changes, by time, where they are wanted', async () => {
  const { world } = mock;
  const ssid = world.changes.length + 2;
  const request = world.request(2, 'by hand', [], world.now() - 60);
  world.buildsets.find(({ bsid }) => bsid === request.buildsetid)?.sourcestamps.push({ ssid, branch: 'stable', revision: null, repository: '', project: '', codebase: '', created_at: 0, patch: null });
  const older = world.changes.length;
  const newer = world.change('Ada <a@x>', 'Raise the dam', []);
  await open('#/console');
  await row(newer.changeid).waitFor();
  expect(await row(`r${ssid}`).count()).toBe(0);
  await page.getByTestId('show-changeless').check();
  await cell(`r${ssid}`, 2, 'pending').waitFor();
  expect(page.url()).toContain('changeless=yes');
  await row(`r${ssid}`).getByText('No change known').waitFor();
  await row(`r${ssid}`).getByText('stable').waitFor();
  const keys = await page.getByTestId('matrix-row').evaluateAll((rows) => rows.map((one) => (one as HTMLElement).dataset['key']));
  expect(keys.slice(0, 3)).toEqual([String(newer.changeid), `r${ssid}`, String(older)]);
  await live();
  const build = world.start(request, 1);
  await cell(`r${ssid}`, 2, 'running').waitFor();
  world.finish(build, 0);
  await cell(`r${ssid}`, 2, 'success').waitFor();
  await row(`r${ssid}`).getByTestId('line-head').click();
  await page.getByTestId('line-details').getByText('stable').waitFor();
  await axe(page);
  await page.reload();
  await cell(`r${ssid}`, 2, 'success').waitFor();
  await live();
  // A change that comes late takes its builds to it.
  const late = world.change('Mei <m@x>', 'Lower the dam', []);
  expect(late.sourcestamp.ssid).toBe(ssid);
  await cell(late.changeid, 2, 'success').waitFor();
  await row(`r${ssid}`).waitFor({ state: 'detached' });
});

it('shows builders that are configured no more, where they are wanted', async () => {
  const gone = mock.world.builders[1];
  if (!gone) throw new Error('There is no second builder.');
  gone.masterids = [];
  const head = page.locator('[data-testid=column-head][data-key=b2]');
  await open('#/console');
  await page.locator('[data-testid=column-head][data-key=b1]').waitFor();
  expect(await head.count()).toBe(0);
  await page.getByText('Also those no longer configured (1)').click();
  await head.waitFor();
  expect(page.url()).toContain('old=yes');
  await page.locator('[data-testid=cell][data-column=b2]:not([data-status=none])').first().waitFor();
  await head.hover();
  await page.getByTestId('card').getByText('no longer configured').waitFor();
  await axe(page);
  await page.getByTestId('way-grid').click();
  await row('b2').waitFor();
  await page.getByTestId('filter-reset').click();
  await row('b2').waitFor({ state: 'detached' });
});

it('puts a revision first that is asked for, and filters by what the address says', async () => {
  await open('#/grid');
  const { world } = mock;
  const heads = page.getByTestId('column-head');
  const change = world.change('Ada <a@x>', 'Raise the dam', []);
  const build = world.start(world.request(3, 'new', [change]), 1);
  await heads.first().getByText('Raise the dam').waitFor();
  const mark = page.locator(`[data-testid=matrix-row][data-key=b3] [data-testid=cell][data-column="${change.sourcestamp.ssid}"]`);
  await mark.and(page.locator('[data-status=running]')).waitFor();
  world.finish(build, 4);
  await mark.and(page.locator('[data-status=exception]')).waitFor();
  await mark.hover();
  await page.getByTestId('card').getByText('on lab-1').waitFor();
  await page.getByTestId('tag-menu').locator('summary').click();
  await page.locator('[data-testid=tag-want][data-tag=linux]').click();
  await page.locator('[data-testid=tag-avoid][data-tag="tier-1"]').click();
  await row('b3').waitFor({ state: 'detached' });
  await row('b2').waitFor();
  await row('b1').waitFor({ state: 'detached' });
  expect(page.url()).toContain('tag=linux&without_tag=tier-1');
  await page.getByTestId('way-tgrid').click();
  await page.locator('[data-testid=column-head][data-key=b2]').waitFor();
  expect(page.url()).toContain('#/tgrid?tag=linux&without_tag=tier-1');
  expect(await page.locator('[data-testid=column-head][data-key=b1]').count()).toBe(0);
  await page.getByTestId('filter-reset').click();
  await page.locator('[data-testid=column-head][data-key=b1]').waitFor();
  const cells = page.getByTestId('cell');
  await page.locator('[data-testid=filter-show][data-status=exception]').click();
  await cells.and(page.locator(':not([data-status=exception])')).first().waitFor({ state: 'detached' });
  await page.locator('[data-testid=cell][data-status=exception]').first().waitFor();
  expect(page.url()).toContain('show=exception');
  await page.locator('[data-testid=filter-show][data-status=exception][aria-pressed=true]').click();
  await page.locator('[data-testid=cell][data-status=success]').first().waitFor();
});

it('is gone through by keys alone', async () => {
  await open('#/tgrid');
  await page.locator('[data-testid=matrix] [tabindex="0"]').focus();
  expect(await focused()).toBe('0 0');
  for (const key of ['ArrowRight', 'ArrowRight', 'ArrowDown']) await page.keyboard.press(key);
  expect(await focused()).toBe('1 2');
  await page.getByTestId('card').waitFor();
  await page.keyboard.press('Escape');
  await page.getByTestId('card').waitFor({ state: 'detached' });
  await page.keyboard.press('Control+End');
  expect(await focused()).toBe(`${Number(await page.getByTestId('matrix').getAttribute('aria-rowcount')) - 2} 11`);
  await page.keyboard.press('Home');
  await page.keyboard.press('ArrowLeft');
  expect((await focused()).split(' ')[1]).toBe('-1');
  await page.keyboard.press('Control+Home');
  await page.keyboard.press('ArrowUp');
  expect(await focused()).toBe('-1 0');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press(' ');
  await page.getByTestId('card-build').first().and(page.locator(':focus')).waitFor();
  await page.keyboard.press('Escape');
  expect(await focused()).toBe('0 0');
  await page.keyboard.press('Enter');
  await page.getByTestId('build-state').waitFor();
});

it('draws what is in sight only, with 200 builders and 200 changes, and reads a flood of requests in measure', async () => {
  await restart({ builders: 200 });
  for (let i = 0; i < 180; i++) mock.world.change('Ada <a@x>', `Change ${i}`, []);
  await open('#/console?limit=200');
  const cells = page.locator('[data-testid=matrix] [role=gridcell]');
  expect(await cells.count()).toBeLessThan(1500);
  reads();
  for (let builderid = 1; builderid <= 200; builderid++) mock.world.request(builderid, 'all of them');
  await page.locator(`[data-testid=matrix-row] [data-testid=cell][data-status=pending]`).nth(5).waitFor();
  expect(reads()).toBeLessThanOrEqual(3);
  const box = page.getByTestId('matrix');
  await box.evaluate((element) => element.scrollTo(3000, 4000));
  await row(mock.world.changes.length - 100).waitFor();
  expect(await cells.count()).toBeLessThan(1500);
  // The cell with the focus is there wherever one scrolls.
  await page.locator('[data-testid=matrix] [tabindex="0"]').first().waitFor({ state: 'attached' });
}, 90_000);

it('fits a phone: nothing but the table scrolls to the side', async () => {
  await page.setViewportSize({ width: 390, height: 780 });
  for (const view of ['grid', 'tgrid', 'console']) {
    await open(`#/${view}`);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
    const head = page.locator('[data-testid=matrix-row] [role=rowheader]').first();
    await page.getByTestId('matrix').evaluate((element) => element.scrollTo(150, 0));
    expect((await head.boundingBox())?.x ?? -1).toBeLessThan(20);
    expect((await head.boundingBox())?.x ?? -1).toBeGreaterThanOrEqual(0);
  }
  await page.setViewportSize({ width: 1200, height: 800 });
});
