import type { Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';

import type { Build, Log, Step } from '../../client/index.ts';
import type { Mock, MockOptions } from '../mock/server.ts';
import { openBrowser, openMock, openPage, type Opened } from './browser.ts';

// The built page below a path prefix, in a real browser, over a mock master that this test drives.
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
  ({ mock, url } = await openMock(options));
  page = await openPage(opened.context, `${url}#/builders`, problems);
}
async function restart(options: MockOptions): Promise<void> {
  await page.close();
  await mock.close();
  await start(options);
}
const builderRow = (name: string): Locator => page.locator(`[data-testid=builder-row][data-builder="${name}"]`);
const lineText = (n: number): Locator => page.locator(`[data-testid=log-line][data-line="${n}"] .text`);
const live = (): Promise<void> => page.locator('[data-testid=connection][data-state=live]').waitFor();

/** A build that runs its first step, with a log of one line. */
function begin(builderid = 1): { build: Build; step: Step; log: Log } {
  const build = mock.world.start(mock.world.request(builderid, 'a change'), 1);
  const step = mock.world.step(build, 'compile');
  const log = mock.world.log(step, 'stdio');
  mock.world.append(log, 'hmake all');
  return { build, step, log };
}
const openBuild = (build: Build): Promise<unknown> => page.goto(`${url}#/builders/${build.builderid}/builds/${build.number}`);

it('shows builders, and what happens to them, without a reload', async () => {
  await builderRow('linux-gcc').waitFor();
  expect(await page.getByTestId('builder-row').count()).toBe(12);
  expect(await builderRow('package').getByTestId('result-strip').textContent()).toContain('No builds yet');
  expect(await page.title()).toContain('Pump works');
  await live();
  const { build } = begin(10);
  await builderRow('package').getByText(`#${build.number}`).first().waitFor();
  mock.world.finish(build, 2);
  await page.locator('[data-testid=builder-row][data-builder=package][data-status=failure]').waitFor();
  await page.getByTestId('show-failing').click();
  await builderRow('package').waitFor();
  await page.getByTestId('show-all').click();
  await page.getByTestId('builder-filter').fill('tier-1');
  await builderRow('macos-arm64').waitFor({ state: 'detached' });
  expect(page.url()).toContain('q=tier-1');
});

it('forces a build through its form, and sees lines arrive as they are written', async () => {
  await restart({ pace: 25 });
  await builderRow('linux-gcc').getByTestId('builder-link').click();
  await page.getByTestId('force-button').click();
  await page.locator('[data-field=branch] input').fill('nowhere');
  await page.getByTestId('force-submit').click();
  expect(await page.locator('[data-field=branch] [data-testid=force-error]').textContent()).toBe('There is no branch nowhere.');
  expect(await page.locator('[data-field=branch] input').getAttribute('aria-invalid')).toBe('true');
  await page.locator('[data-field=branch] input').fill('main');
  await page.locator('[data-field=profile] select').selectOption('debug');
  await page.getByTestId('force-submit').click();
  await page.getByTestId('forced-build').click();
  await page.locator('[data-testid=build-state][data-status=running]').waitFor();
  const compile = page.locator('[data-testid=step-row][data-step=compile]');
  await compile.getByTestId('log-line').nth(10).waitFor();
  const before = Number(await compile.getByTestId('log-pane').getAttribute('data-lines'));
  await page.locator('[data-testid=build-state][data-status=success]').waitFor();
  // Its log made room for those of the steps after it.
  expect(await compile.getByTestId('log-pane').count()).toBe(0);
  await compile.getByTestId('step-toggle').click();
  expect(Number(await compile.getByTestId('log-pane').getAttribute('data-lines'))).toBeGreaterThan(before);
  expect(await page.locator('[data-testid=property-row][data-property=profile]').textContent()).toContain('debug');
  expect(await page.getByTestId('reason').textContent()).toBe('force build');
});

it('opens a form by its address, also by the one that Buildbot has', async () => {
  await page.goto(`${url}#/builders/1/force/force`);
  await page.getByTestId('force-dialog').waitFor();
  expect(page.url()).toContain('#/builders/1?force=force');
  await page.reload();
  await page.getByTestId('force-dialog').waitFor();
  await page.keyboard.press('Escape');
  await page.getByTestId('force-dialog').waitFor({ state: 'detached' });
  expect(page.url()).toMatch(/#\/builders\/1$/);
});

it('tells what became of a request that was forced here and then cancelled', async () => {
  await page.goto(`${url}#/builders/1`);
  await page.getByTestId('force-button').click();
  await page.getByTestId('force-submit').click();
  const forced = page.getByTestId('forced');
  await forced.getByText('waits for a worker').waitFor();
  await page.locator(`[data-testid=request-row][data-request="${await forced.getAttribute('data-request')}"]`).getByTestId('cancel-button').click();
  await page.getByTestId('cancel-dialog-submit').click();
  await forced.getByText('ended without a build').waitFor();
  expect(await forced.textContent()).toContain('Cancelled');
});

it('resumes after its stream was cut, and misses no line', async () => {
  const { build, log } = begin();
  await openBuild(build);
  await lineText(1).getByText('make all').waitFor();
  await live();
  mock.world.append(log, 'oline 2');
  await lineText(2).getByText('line 2').waitFor();
  const asked = mock.asked.length;
  mock.down = true;
  mock.cut();
  for (let n = 3; n <= 9; n++) mock.world.append(log, `oline ${n}`);
  await page.locator('[data-testid=connection][data-state=reconnecting]').waitFor();
  expect(await lineText(3).count()).toBe(0);
  mock.down = false;
  await lineText(9).getByText('line 9').waitFor();
  await live();
  for (let n = 2; n <= 9; n++) expect(await lineText(n).textContent()).toBe(`line ${n}`);
  expect(mock.asked.length).toBeGreaterThan(asked);
});

it('reads again where the server has forgotten its cursor', async () => {
  const { build, log, step } = begin();
  await openBuild(build);
  await lineText(1).waitFor();
  await live();
  mock.down = true;
  mock.cut();
  mock.world.append(log, 'oline 2');
  mock.world.finishStep(step, 0, 'done');
  mock.world.finish(build, 1);
  mock.world.forget();
  mock.down = false;
  await page.locator('[data-testid=build-state][data-status=warnings]').waitFor();
  await lineText(2).getByText('line 2').waitFor();
  await page.locator('[data-testid=step-row][data-step=compile][data-status=success]').waitFor();
  await live();
});

it('shows colours, streams and markup of a log as what they are', async () => {
  const { build, log } = begin();
  mock.world.append(log, 'e\u001b[31mred\u001b[0m', 'o<img src=x onerror=alert(1)>');
  await openBuild(build);
  expect(await lineText(1).textContent()).toBe('make all');
  await lineText(3).getByText('<img src=x onerror=alert(1)>').waitFor();
  const stream = (n: number): Promise<string | null> => page.locator(`[data-testid=log-line][data-line="${n}"]`).getAttribute('data-stream');
  expect([await stream(1), await stream(2), await stream(3)]).toEqual(['h', 'e', 'o']);
  expect(await lineText(2).locator('span').getAttribute('style')).toContain('--ansi-1');
  expect(await page.locator('main img').count()).toBe(0);
});

it('opens a line in the middle of a log of a million lines, and follows its end', async () => {
  const { build, step, log } = begin();
  for (let n = 2; n <= 1_000_000; n += 37_037) mock.world.append(log, ...Array.from({ length: 37_037 }, (_, i) => `onumber ${n + i}`));
  await page.goto(`${url}#/builders/${build.builderid}/builds/${build.number}/steps/${step.number}/logs/stdio#L654321`);
  await lineText(654_321).getByText('number 654321').waitFor();
  expect(await page.getByTestId('log-line').count()).toBeLessThan(200);
  await page.getByLabel('To the end of the log').click();
  await lineText(1_000_000).getByText('number 1000000').waitFor();
  mock.world.append(log, 'oone more');
  await lineText(1_000_001).getByText('one more').waitFor();
  expect(await page.getByTestId('log-raw').getAttribute('href')).toBe(`${url}api/v2/logs/${log.logid}/raw_inline`);
});

it('stops a build after a token was given, and keeps the token', async () => {
  // Slow enough that it runs until it is stopped.
  await restart({ token: 'secret', pace: 100 });
  const request = mock.world.request(1, 'x');
  mock.commit();
  await page.locator('[data-testid=show-running] span').getByText('1', { exact: true }).waitFor();
  const build = mock.world.builds.findLast((one) => !one.complete);
  if (!build) throw new Error('No build runs.');
  await openBuild(build);
  await page.getByTestId('stop-button').click();
  await page.getByTestId('stop-dialog-submit').click();
  await page.getByText('anonymous may not control builds').waitFor();
  await page.getByTestId('token-input').fill('secret');
  await page.getByTestId('token-submit').click();
  await page.locator('[data-testid=build-state][data-status=cancelled]').waitFor();
  // With the token kept, a reloaded page cancels without asking.
  await page.goto(`${url}#/builders/1`);
  await page.reload();
  const row = page.locator(`[data-testid=request-row][data-request="${request.buildrequestid}"]`);
  await row.getByTestId('cancel-button').click();
  await page.getByTestId('cancel-dialog-submit').click();
  await row.waitFor({ state: 'detached' });
  expect(request.complete).toBe(true);
});

it('rebuilds, and leads to the new build', async () => {
  await restart({ pace: 10 });
  await page.goto(`${url}#/builders/1/builds/1`);
  await page.getByTestId('rebuild-button').click();
  await page.getByTestId('rebuilt').getByRole('link').click();
  await page.locator('[data-testid=build-state][data-status=success]').waitFor();
  expect(await page.getByTestId('reason').textContent()).toContain('Rebuild');
});

it('says what is not there, and comes back by itself when the server does', async () => {
  await page.goto(`${url}#/nowhere`);
  await page.getByTestId('not-found').waitFor();
  await page.goto(`${url}#/builders/1/builds/999`);
  await page.getByTestId('missing').getByText('This builder has no build 999.').waitFor();
  mock.down = true;
  await page.goto(`${url}#/workers`);
  await page.getByTestId('unreachable').waitFor();
  mock.down = false;
  await page.locator('[data-testid=worker-row][data-worker=lab-1]').waitFor();
});

it('shows workers and changes as they come and go', async () => {
  await page.goto(`${url}#/workers`);
  const worker = page.locator('[data-testid=worker-row][data-worker=lab-2]');
  await worker.getByText('Connected').waitFor();
  await live();
  const [, second] = mock.world.workers;
  if (!second) throw new Error('There is no second worker.');
  second.connected_to = [];
  mock.world.workerChanged(second, 'disconnected');
  await worker.getByText('Offline').waitFor();
  await page.getByTestId('nav-changes').click();
  await page.getByTestId('change-row').first().waitFor();
  await live();
  mock.world.change('Mei Sato <mei@example.org>', 'Let water flow <b>up</b>', ['src/flow.c']);
  await page.getByTestId('change-row').first().getByText('Let water flow <b>up</b>').waitFor();
});

it('can be used by keyboard alone', async () => {
  await builderRow('linux-gcc').waitFor();
  await page.keyboard.press('Tab');
  expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to content');
  await page.keyboard.press('Enter');
  expect(await page.evaluate(() => document.activeElement?.id)).toBe('main');
  await page.goto(`${url}#/builders/1`);
  await page.getByTestId('force-button').focus();
  await page.keyboard.press('Enter');
  await page.getByTestId('force-dialog').waitFor();
  await page.keyboard.press('Escape');
  await page.getByTestId('force-dialog').waitFor({ state: 'detached' });
  expect(await page.evaluate(() => (document.activeElement as HTMLElement).dataset['testid'])).toBe('force-button');
});

it('stays smooth with two hundred builders and many events', async () => {
  await restart({ builders: 200 });
  await page.getByTestId('builder-row').nth(199).waitFor();
  await live();
  const longest = page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        let worst = 0;
        let last = performance.now();
        const end = last + 2000;
        const frame = (at: number): void => {
          worst = Math.max(worst, at - last);
          last = at;
          if (at < end) requestAnimationFrame(frame);
          else resolve(worst);
        };
        requestAnimationFrame(frame);
      }),
  );
  for (let round = 0; round < 100; round++) {
    const { build } = begin(1 + (round % 200));
    mock.world.finish(build, 0);
    await new Promise((resolve) => setTimeout(resolve, 12));
  }
  // Generous, since the machine that tests may be busy: a page that draws everything anew at each event takes seconds.
  expect(await longest).toBeLessThan(400);
});
