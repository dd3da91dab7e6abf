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
