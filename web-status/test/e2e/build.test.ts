import type { Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';

import type { Build, Step } from '../../client/index.ts';
import { keepData, tellTests, trigger } from '../mock/outcomes.ts';
import type { Mock } from '../mock/server.ts';
import { axe } from './axe.ts';
import { openBrowser, openMock, openPage, type Opened } from './browser.ts';

// The view of one build and what hangs on it, over a mock master that this test drives.
let opened: Opened;
let mock: Mock;
let url: string;
let page: Page;
let problems: string[] = [];

beforeAll(async () => {
  opened = await openBrowser({ viewport: { width: 1300, height: 900 } });
});
afterAll(() => opened.close());
beforeEach(async () => {
  ({ mock, url } = await openMock());
  page = await openPage(opened.context, `${url}#/workers`, problems);
});
afterEach(async () => {
  expect(problems).toEqual([]);
  problems = [];
  await page.close();
  await mock.close();
});

const live = (): Promise<void> => page.locator('[data-testid=connection][data-state=live]').waitFor();
const open = (build: Build, more = ''): Promise<unknown> => page.goto(`${url}#/builders/${build.builderid}/builds/${build.number}${more}`);
const step = (name: string): Locator => page.locator(`[data-testid=step-row][data-step="${name}"]`);

/** A build that began `ago` seconds ago. */
function begin(builderid: number, ago: number, properties = {}, workerid = 1): Build {
  const { world } = mock;
  return world.start(world.request(builderid, 'a change', world.changes.slice(-1), world.now() - ago - 3), workerid, properties, world.now() - ago);
}
/** A step from `from` to `to` seconds after its build began. */
function did(build: Build, name: string, from: number, to: number, results: Step['results'] = 0): Step {
  const one = mock.world.step(build, name, build.started_at + from);
  mock.world.append(mock.world.log(one, 'stdio'), `h${name}`, 'oline');
  mock.world.finishStep(one, results, results === 0 ? 'done' : 'failed', build.started_at + to);
  return one;
}

it('shows steps that ran together, hidden ones on demand, and where the time went', async () => {
  const build = begin(1, 100);
  did(build, 'git', 0, 10);
  for (const name of ['lint', 'docs']) did(build, name, 10, name === 'lint' ? 30 : 50);
  did(build, 'cleanup', 50, 52).hidden = true;
  const waiting = mock.world.step(build, 'database', build.started_at + 52);
  Object.assign(waiting, { locks_acquired_at: null });
  await open(build);
  const group = page.getByTestId('step-group');
  await group.getByTestId('step-row').nth(1).waitFor();
  expect(await group.getByTestId('step-row').evaluateAll((rows) => rows.map((row) => (row as HTMLElement).dataset['step']))).toEqual(['lint', 'docs']);
  expect(await page.getByTestId('segment').count()).toBe(4);
  await step('database').getByTestId('step-locks').getByText('waits for locks').waitFor();
  expect(await step('cleanup').count()).toBe(0);
  await page.getByTestId('show-hidden').check();
  await step('cleanup').waitFor();
  expect(page.url()).toContain('hidden=1');
  // A link to a step opens it; what it copies is that link.
  await page.locator('[data-testid=segment][data-step=lint]').click();
  await step('lint').getByTestId('log-line').first().waitFor();
  expect(page.url()).toContain('#step-1');
  expect(await step('lint').getByTestId('copy').getAttribute('aria-label')).toBe('Copy the link to lint');
  await axe(page);
});

it('opens all steps, or the important ones, or none, and keeps that while the build goes on', async () => {
  const { world } = mock;
  const build = begin(1, 100);
  for (const [at, name] of ['git', 'compile', 'lint'].entries()) did(build, name, at * 10, at * 10 + 9, name === 'lint' ? 2 : 0);
  let running = world.step(build, 'test');
  /** The step that runs ends, and another begins. */
  const goOn = (name: string): void => {
    world.finishStep(running, 0, 'done');
    running = world.step(build, name);
  };
  const areOpen = (...names: string[]): Promise<void> =>
    expect.poll(() => page.locator('[data-testid=step-row]:has([data-testid=step-toggle][aria-expanded=true])').evaluateAll((rows) => rows.map((row) => (row as HTMLElement).dataset['step'])), { timeout: 5000 }).toEqual(names);
  await open(build);
  await areOpen('lint', 'test');
  await live();
  await page.getByTestId('open-all').click();
  for (const name of ['git', 'compile']) await step(name).getByTestId('log-line').nth(1).waitFor();
  await axe(page);
  goOn('package');
  await areOpen('git', 'compile', 'lint', 'test', 'package');
  await page.getByTestId('open-important').click();
  await areOpen('lint', 'package');
  goOn('upload');
  await areOpen('lint', 'package', 'upload');
  await page.keyboard.press('z');
  await areOpen();
  goOn('sign');
  await step('sign').and(page.locator('[data-status=running]')).waitFor();
  await areOpen();
  await step('git').getByTestId('step-toggle').click();
  await areOpen('git');
  await page.keyboard.press('o');
  await areOpen('git', 'compile', 'lint', 'test', 'package', 'upload', 'sign');
});

it('shows when lines came in the logs of a build, where the view of a log does', async () => {
  const { world } = mock;
  const build = begin(1, 100);
  const running = world.step(build, 'test', build.started_at + 60);
  const log = world.log(running, 'stdio');
  world.append(log, 'oone', 'otwo');
  world.times.set(log.logid, [[0, (build.started_at + 62.5) * 1e6], [1, (build.started_at + 75) * 1e6]]);
  await open(build);
  const line = (n: number): Locator => step('test').locator(`[data-testid=log-line][data-line="${n}"]`);
  await line(2).waitFor();
  expect(await line(2).locator('.t').count()).toBe(0);
  await step('test').getByTestId('log-link').click();
  await page.getByTestId('log-times').selectOption('step');
  await page.goBack();
  await line(2).locator('.t').waitFor();
  expect(await Promise.all([1, 2].map((n) => line(n).locator('.t').getAttribute('data-time')))).toEqual(['0:02.5', '0:15.0']);
  await axe(page);
  await step('test').getByTestId('log-link').click();
  await page.getByTestId('log-times').selectOption('off');
});

it('shows failed tests first, finds others, and leads to the history of one', async () => {
  const outcomes = [true, true, false, false].map((passed) => ({ test_level: true, test_flow: passed, test_valve: true }));
  let build = begin(1, 900);
  for (const [i, tests] of outcomes.entries()) {
    build = begin(1, 800 - i * 100);
    tellTests(mock.world, build, did(build, 'test', 0, 30, tests.test_flow ? 0 : 2), tests);
    keepData(mock.world, build, 'report.xml', 12_000);
    mock.world.finish(build, tests.test_flow ? 0 : 2, build.started_at + 30);
  }
  await open(build);
  const rows = page.getByTestId('test-row');
  await rows.first().waitFor();
  expect(await page.getByTestId('failed-tests').textContent()).toContain('1 failed test');
  expect(await rows.count()).toBe(1);
  await rows.getByText(`fails since #${build.number - 1}`).waitFor();
  expect(await page.getByTestId('test-runs').getByRole('link').count()).toBe(4);
  await page.locator('[data-testid=build-data][data-name="report.xml"]').getByText('12 KiB').waitFor();
  await page.getByTestId('tests-all').click();
  await rows.nth(2).waitFor();
  await page.getByTestId('test-search').fill('valve');
  await rows.and(page.locator('[data-test=test_valve]')).waitFor();
  await rows.nth(1).waitFor({ state: 'detached' });
  expect(page.url()).toContain('test=valve');
  await axe(page);

  await page.getByTestId('test-search').fill('flow');
  await rows.and(page.locator('[data-test=test_flow]')).getByTestId('test-link').click();
  await page.getByTestId('test-summary').getByText('50 % passed of the last 4 runs').waitFor();
  await page.getByTestId('test-summary').getByText(`fails since #${build.number - 1}.`).waitFor();
  await live();
  const next = begin(1, 10);
  tellTests(mock.world, next, did(next, 'test', 0, 5), { test_flow: true });
  await page.locator('[data-testid=test-run][data-verdict=passed]').nth(2).waitFor();
  await axe(page);
});

it('shows triggered builds as they wait, run and end, and theirs within them', async () => {
  const { world } = mock;
  const build = begin(1, 5);
  world.step(build, 'release');
  await open(build);
  await page.getByTestId('steps').waitFor();
  await live();
  const request = trigger(world, build, 2);
  const child = page.locator('[data-testid=triggered-build][data-builder=linux-clang]');
  await child.and(page.locator('[data-status=pending]')).getByRole('link', { name: `request ${request.buildrequestid}` }).waitFor();
  const other = world.start(request, 2);
  const inner = world.step(other, 'pack');
  await child.and(page.locator('[data-status=running]')).waitFor();
  await child.getByTestId('triggered-toggle').click();
  await child.getByRole('link', { name: 'pack' }).waitFor();
  const grandchild = trigger(world, other, 3);
  await child.locator('[data-testid=triggered-build][data-builder=macos-arm64][data-status=pending]').waitFor();
  const third = world.start(grandchild, 1);
  world.finish(third, 0);
  await child.locator('[data-testid=triggered-build][data-status=success]').waitFor();
  world.finishStep(inner, 2, 'failed');
  world.finish(other, 2);
  await child.and(page.locator('[data-status=failure]')).waitFor();
  await child.getByRole('link', { name: `linux-clang #${other.number}` }).click();
  await page.getByTestId('parent-build').getByRole('link', { name: `linux-gcc #${build.number}` }).waitFor();
});

it('tells what differs from the last good build, and from any other', async () => {
  const { world } = mock;
  const good = begin(1, 500, { profile: ['debug', 'Form'] });
  did(good, 'compile', 0, 10);
  did(good, 'old', 10, 12);
  world.finish(good, 0, good.started_at + 12);
  const between = [1, 2].map((n) => world.change(`Mei Sato <mei@example.org>`, `Change number ${n}`, ['src/flow.c']));
  const bad = begin(1, 100, { profile: ['release', 'Form'] }, 2);
  did(bad, 'compile', 0, 40);
  did(bad, 'new', 40, 41, 2);
  world.finish(bad, 2, bad.started_at + 41);
  await open(bad);
  const part = page.getByTestId('difference');
  await part.getByText(`Since #${good.number}, the last good build`).waitFor();
  expect(await part.getByTestId('change-row').count()).toBe(between.length);
  expect(await part.getByTestId('difference-worker').textContent()).toContain('lab-1 → lab-2');
  expect(await part.locator('[data-property=profile]').textContent()).toMatch(/debug → release/);
  const steps = await part.getByTestId('difference-step').evaluateAll((rows) => rows.map((row) => `${(row as HTMLElement).dataset['step']} ${(row as HTMLElement).dataset['kind']}`));
  expect(steps).toEqual(['compile slower', 'new added', 'old removed']);
  await part.getByTestId('compare-other').fill('1');
  await page.keyboard.press('Enter');
  await part.getByText('Since #1', { exact: true }).waitFor();
  expect(page.url()).toContain('compare=1');
  await page.keyboard.press('Escape');
  await page.locator('h1').click();
  await page.keyboard.press('[');
  await page.locator(`[data-testid=build][data-number="${good.number}"]`).waitFor();
});

it('shows a request until its build begins, its buildset, and cancels it', async () => {
  const { world } = mock;
  const request = world.request(2, 'by hand');
  await page.goto(`${url}#/buildrequests/${request.buildrequestid}`);
  await page.locator('[data-testid=request-state][data-status=pending]').waitFor();
  await live();
  await axe(page);
  const build = world.start(request, 1);
  await page.locator('[data-testid=request-state][data-status=running]').waitFor();
  expect(await page.getByTestId('request-build').getAttribute('href')).toBe(`#/builders/2/builds/${build.number}`);
  world.finish(build, 0);
  await page.locator('[data-testid=request-state][data-status=success]').waitFor();
  await page.getByTestId('buildset-link').click();
  await page.locator(`[data-testid=set-request][data-request="${request.buildrequestid}"][data-status=success]`).waitFor();
  await axe(page);

  const other = world.request(2, 'by hand');
  await page.goto(`${url}#/buildrequests/${other.buildrequestid}`);
  await page.getByTestId('cancel-button').click();
  await page.getByTestId('cancel-dialog-submit').click();
  await page.locator('[data-testid=request-state][data-status=cancelled]').waitFor();
  expect(other.complete).toBe(true);
});

it('fits a phone, and takes odd addresses', async () => {
  const build = mock.world.builds.find((one) => one.results === 2);
  if (!build) throw new Error('No build failed.');
  await page.setViewportSize({ width: 390, height: 844 });
  await open(build, '?compare=999999&tests=odd&hidden=x&property=%F0#step-99999');
  await page.getByTestId('difference').getByText('There is no build 999999').waitFor();
  await page.getByTestId('segment').first().waitFor();
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  for (const [hash, said] of [['buildrequests/99999', 'missing'], ['buildsets/99999', 'missing'], ['builders/1/tests', 'empty']] as const) {
    await page.goto(`${url}#/${hash}`);
    await page.getByTestId(said).waitFor();
  }
});
