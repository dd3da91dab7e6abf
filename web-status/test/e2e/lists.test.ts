import type { Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';

import type { Build } from '../../client/index.ts';
import type { Mock, MockOptions } from '../mock/server.ts';
import { axe } from './axe.ts';
import { openBrowser, openMock, openPage, type Opened } from './browser.ts';

// The home view, the builders and a builder, over a mock master that this test drives.
let opened: Opened;
let mock: Mock;
let url: string;
let page: Page;
let problems: string[] = [];

beforeAll(async () => {
  opened = await openBrowser({ viewport: { width: 1300, height: 900 } });
});
afterAll(() => opened.close());
afterEach(async () => {
  await page.close();
  await mock.close();
  expect(problems).toEqual([]);
  problems = [];
});

async function start(hash: string, options: MockOptions = {}, before: () => void = () => undefined): Promise<void> {
  ({ mock, url } = await openMock(options));
  before();
  page = await openPage(opened.context, `${url}${hash}`, problems);
}
const live = (): Promise<void> => page.locator('[data-testid=connection][data-state=live]').waitFor();
const marked = (testid: string, name: string, value: string | number): Locator => page.locator(`[data-testid=${testid}][data-${name}="${value}"]`);

/** A build of a builder that failed at its step `test`, of the newest change. */
function fail(builderid: number, state: string, line = 'FAILED a test: expected 4, got 5'): Build {
  const build = mock.world.start(mock.world.request(builderid, 'a change'), 1);
  const step = mock.world.step(build, 'test');
  mock.world.append(mock.world.log(step, 'stdio'), 'hmake test', 'oall is well', `e${line}`);
  mock.world.finishStep(step, 2, state);
  mock.world.finish(build, 2);
  return build;
}

it('shows on the home view what runs, waits and broke, as it happens', async () => {
  await start('', { builders: 5 });
  await page.getByTestId('home').waitFor();
  await live();
  const asked = mock.world.request(1, 'a change');
  await marked('waiting-reason', 'reason', 'ready').waitFor();
  await marked('waiting-row', 'builder', 'linux-gcc').waitFor();
  const build = mock.world.start(asked, 1);
  mock.world.step(build, 'compile');
  const row = marked('running-row', 'build', build.buildid);
  await row.getByText('compile').waitFor();
  // When it is expected to end is read soon after it began.
  await row.locator('[role=progressbar][aria-valuenow]').waitFor();
  expect(await row.getByRole('progressbar').getAttribute('aria-label')).toContain(`linux-gcc #${build.number}`);
  expect(await page.getByTestId('waiting-row').count()).toBe(0);
  mock.world.finish(build, 0);
  await marked('recent-row', 'build', build.buildid).waitFor();
  expect(await page.getByTestId('running-row').count()).toBe(0);
  await axe(page);
});

it('tells what broke, since when and by whose change, and one cause of what failed alike', async () => {
  await start('', { builders: 5 }, () => {
    for (const { builderid } of mock.world.builders) mock.world.finish(mock.world.start(mock.world.request(builderid, 'x'), 1), 0);
  });
  await page.getByTestId('nothing-broken').waitFor();
  await live();
  mock.world.change('Mei Sato <mei@example.org>', 'Turn the valve <b>round</b>', ['src/valve.c']);
  const first = fail(1, '3 tests failed');
  fail(2, '5 tests failed');
  const broken = marked('broken-row', 'builder', 'linux-gcc');
  await broken.getByTestId('whose').getByText('Turn the valve <b>round</b>').waitFor();
  expect(await broken.textContent()).toContain('Mei Sato');
  await broken.getByText('3 tests failed').waitFor();
  expect(await broken.getByTestId('broken-since').textContent()).toBe(`#${first.number}`);
  const cause = page.locator('[data-testid=cause-row][data-builders="2"][data-open=true]');
  await cause.getByTestId('clue').getByText('FAILED a test: expected 4, got 5').waitFor();
  await cause.getByText('All of it began with').waitFor();
  expect(await page.title()).toContain('✕ 2');
  await axe(page);
  // Mended again.
  mock.world.finish(mock.world.start(mock.world.request(1, 'x'), 1), 0);
  await broken.waitFor({ state: 'detached' });
  await marked('broken-row', 'builder', 'linux-clang').getByTestId('broken-last').click();
  await page.getByTestId('build').waitFor();
  await page.goBack();
  await marked('broken-row', 'builder', 'linux-clang').waitFor();
});

it('says on the home view what to do where there is nothing, and fits a phone', async () => {
  await start('', { builders: 0 });
  await page.getByText('No builder is configured yet').waitFor();
  await page.getByText('No build has ended yet').waitFor();
  await page.setViewportSize({ width: 390, height: 844 });
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
  await axe(page);
  await page.setViewportSize({ width: 1300, height: 900 });
});

it('finds builders by word, tag, project and state, sorts and groups them, and keeps that in the address', async () => {
  await start('#/builders', { builders: 12 }, () => {
    const [first] = mock.world.builders;
    if (first) first.masterids = [];
    mock.world.project('pump', 'Moves *water*.', mock.world.builders.filter((_, i) => i % 3 === 0));
    mock.world.project('valve', 'Lets it through.', mock.world.builders.filter((_, i) => i % 3 === 1));
  });
  const names = (): Promise<string[]> => page.getByTestId('builder-link').allTextContents();
  await page.getByTestId('builder-row').first().waitFor();
  expect(await names()).toHaveLength(11);
  const choice = marked('tag-choice', 'tag', 'linux');
  await choice.click();
  await page.locator('[data-testid=tag-choice][data-tag=linux][data-state=only]').waitFor();
  const linux = await names();
  await choice.click();
  await page.locator('[data-testid=tag-choice][data-tag=linux][data-state=without]').waitFor();
  const others = await names();
  expect([...linux, ...others].sort()).toEqual((mock.world.builders.filter(({ masterids }) => masterids.length > 0).map(({ name }) => name)).sort());
  expect(others).not.toContain('linux-clang');
  expect(page.url()).toContain('without_tag=linux');
  await page.reload();
  await marked('builder-row', 'builder', 'macos-arm64').waitFor();
  expect(await names()).toEqual(others);
  await choice.click();
  await page.getByTestId('show-old').check();
  await marked('builder-row', 'builder', 'linux-gcc').getByText('no longer configured').waitFor();
  await page.getByTestId('sort-rate').click();
  await page.locator('th[aria-sort=ascending]').getByTestId('sort-rate').waitFor();
  const shares = (await page.getByTestId('rate').allTextContents()).map((text) => parseInt(text, 10));
  expect(shares).toEqual(shares.toSorted((a, b) => a - b));
  await page.getByTestId('group-choice').selectOption('project');
  expect((await page.getByTestId('builder-group').allTextContents()).map((text) => text.replace(/\s+\d+$/, ''))).toEqual(['pump', 'valve', 'Without a project']);
  await axe(page);
  await page.getByTestId('project-choice').selectOption({ label: 'valve' });
  await marked('builder-row', 'builder', 'linux-gcc').waitFor({ state: 'detached' });
  await page.locator('h1').click();
  await page.keyboard.press('f');
  await page.keyboard.type('nothing like this');
  await page.getByTestId('empty').getByText('No builder matches').waitFor();
});

it('shows a builder with what it does, how long it takes and why requests wait', async () => {
  await start('#/builders/1', { builders: 3 }, () => {
    const [builder] = mock.world.builders;
    if (builder) Object.assign(builder, { description: 'Builds **all** of <i>it</i>, see [why](https://example.org/why) or [not](javascript:alert(1)).', description_format: 'markdown' });
  });
  const about = page.getByTestId('description');
  await about.getByRole('link', { name: 'why' }).waitFor();
  expect(await about.locator('strong').textContent()).toBe('all');
  expect([await about.locator('i').count(), await about.getByRole('link').count()]).toEqual([0, 1]);
  await live();
  const waiting = mock.world.request(1, 'a change');
  const row = marked('request-row', 'request', waiting.buildrequestid);
  await row.and(page.locator('[data-reason=ready]')).waitFor();
  waiting.waiting_for = 'the lock `database`, held by linux-clang #4';
  mock.world.emit(waiting, ['buildrequests', waiting.buildrequestid, 'update'], ['builders', 1, 'buildrequests', waiting.buildrequestid, 'update']);
  await row.getByText('database').waitFor();
  const build = mock.world.start(mock.world.request(1, 'a change'), 2);
  mock.world.step(build, 'compile');
  await marked('running-row', 'build', build.buildid).getByText('compile').waitFor();
  await marked('running-row', 'build', build.buildid).locator('[aria-valuenow]').waitFor();
  // Each build of the plot by keyboard, and all of them as a table.
  const plot = page.getByTestId('duration-plot').getByRole('slider');
  await plot.focus();
  await page.locator(`[role=slider][aria-valuetext^="#${build.number}, Running"]`).waitFor();
  await page.keyboard.press('ArrowLeft');
  expect(await plot.getAttribute('aria-valuetext')).toMatch(new RegExp(`^#${build.number - 1}, \\w+, 1 m`));
  await page.getByTestId('plot-table').click();
  expect(await page.getByTestId('duration-plot').getByRole('row').count()).toBe(build.number + 1);
  await page.getByTestId('badge').locator('summary').click();
  await page.getByTestId('badge').getByText('/badges/linux-gcc.svg').first().waitFor();
  await axe(page);
  await page.getByTestId('plot-table').click();
  await plot.focus();
  await page.keyboard.press('Home');
  await page.keyboard.press('Enter');
  await marked('build', 'number', 1).waitFor();
});

it('pages through a builder’s builds and filters them by result, worker and branch, in the address', async () => {
  await start('#/builders/1', { builders: 2 }, () => {
    for (let n = 0; n < 60; n++) mock.world.finish(mock.world.start(mock.world.request(1, 'x'), 1 + (n % 2), n % 20 === 0 ? { branch: ['stable', 'x'], owners: [['Ada <a@x>', 'Ben <b@x>', 'Cleo'], 'Build'] } : {}), n % 3 === 0 ? 2 : 0);
  });
  const numbers = async (): Promise<number[]> => (await page.getByTestId('build-link').allTextContents()).map((text) => Number(text.slice(1)));
  await page.getByTestId('build-row').first().waitFor();
  const first = await numbers();
  expect(first).toHaveLength(50);
  await page.getByTestId('build-row').getByText('Ada, Ben +1').first().waitFor();
  await page.getByTestId('older').click();
  await marked('build-row', 'number', 1).waitFor();
  expect(Math.max(...(await numbers()))).toBe(Math.min(...first) - 1);
  await page.goBack();
  await marked('build-row', 'number', Math.max(...first)).waitFor();
  await page.locator('[data-testid=filter-result][data-status=failure]').click();
  await page.locator('[data-testid=build-row][data-status=success]').first().waitFor({ state: 'detached' });
  await page.getByTestId('filter-worker').selectOption({ label: 'lab-2' });
  await page.waitForFunction(() => [...document.querySelectorAll('[data-testid=build-row]')].every((row) => row.textContent.includes('lab-2')));
  expect(page.url()).toMatch(/result=2.*worker=2/);
  await page.getByTestId('filter-worker').selectOption('');
  await page.getByTestId('filter-branch').fill('stable');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.querySelectorAll('[data-testid=build-row]').length === 1);
  await page.reload();
  await page.waitForFunction(() => document.querySelectorAll('[data-testid=build-row]').length === 1);
  await page.setViewportSize({ width: 390, height: 844 });
  await page.waitForFunction(() => document.documentElement.scrollWidth <= innerWidth);
  await page.setViewportSize({ width: 1300, height: 900 });
});
