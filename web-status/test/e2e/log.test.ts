import type { Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';

import type { Log, Step } from '../../client/index.ts';
import type { Mock } from '../mock/server.ts';
import { axe } from './axe.ts';
import { openBrowser, openMock, openPage, type Opened } from './browser.ts';

// The view of a log over a mock master whose server can search.
let opened: Opened;
let mock: Mock;
let url: string;
let page: Page;
let step: Step;
let log: Log;
const problems: string[] = [];

beforeAll(async () => {
  opened = await openBrowser({ viewport: { width: 1200, height: 800 }, permissions: ['clipboard-read', 'clipboard-write'] });
  ({ mock, url } = await openMock());
});
afterAll(async () => {
  await opened.close();
  await mock.close();
});
beforeEach(() => {
  const build = mock.world.start(mock.world.request(1, 'a change'), 1);
  step = mock.world.step(build, 'compile');
  log = mock.world.log(step, 'stdio');
});
afterEach(async () => {
  expect(problems).toEqual([]);
  await page.close();
});

const line = (n: number): Locator => page.locator(`[data-testid=log-line][data-line="${n}"]`);
const current = (n: number): Promise<void> => page.locator(`[data-testid=log-line][data-line="${n}"][data-current=true]`).waitFor();
const found = (count: number): Promise<void> => page.locator(`[data-testid=log-found][data-count="${count}"][data-going=false]`).waitFor();
const address = (slug = 'stdio'): string => `${url}#/builders/1/builds/${mock.world.builds.at(-1)?.number}/steps/${step.number}/logs/${slug}`;
async function open(behind = '', slug = 'stdio'): Promise<void> {
  page = await openPage(opened.context, address(slug) + behind, problems);
  await page.getByTestId('log').waitFor();
}
const inSight = (n: number): Promise<unknown> =>
  page.waitForFunction((at) => {
    const box = document.querySelector('[role=log]')?.getBoundingClientRect();
    const row = document.querySelector(`[data-testid=log-line][data-line="${at}"]`)?.getBoundingClientRect();
    return box && row && row.top >= box.top && row.bottom <= box.bottom + 1;
  }, n);

it('searches the whole of a large log in the server, and goes from match to match', async () => {
  for (let n = 0; n < 10; n++) mock.world.append(log, ...Array.from({ length: 10_000 }, (_, at) => `onumber ${n * 10_000 + at + 1}${at === 4999 ? ' \u001b[31mNee\u001b[0mdle.' : ''}`));
  mock.world.finishLog(log);
  await open();
  await line(1).waitFor();
  await page.keyboard.press('/');
  await page.keyboard.type('needle.');
  await found(10);
  await current(5000);
  await inSight(5000);
  expect(await line(5000).locator('mark').allTextContents()).toEqual(['Nee', 'dle.']);
  await page.keyboard.press('Enter');
  await current(15_000);
  await page.keyboard.press('Escape');
  // What is looked for stands in the address, also as a regular expression.
  await page.goto(`${address()}?q=%5Enumber+%5B37%5D5000%5Cb&regex=1`);
  await page.reload();
  await found(2);
  await current(35_000);
  await page.getByRole('log').focus();
  await page.keyboard.press('n');
  await current(75_000);
  await page.keyboard.press('n');
  await current(35_000);
  await page.keyboard.press('N');
  await current(75_000);
  await inSight(75_000);
  expect(await page.getByTestId('log-found').textContent()).toBe('2 of 2');
  await page.getByTestId('log-find').fill('(');
  await page.getByText('unclosed group').waitFor();
  await page.getByTestId('log-find').fill('nowhere');
  await page.getByText('Not found').waitFor();
}, 30_000);

it('marks errors and warnings, beside the scroll bar too, and goes to them', async () => {
  const lines = Array.from({ length: 3000 }, (_, at) => `oline ${at + 1}`);
  lines[499] = 'ogauge.c:7: warning: unused';
  lines[1999] = 'e\u001b[31merror:\u001b[0m no gate';
  lines[2499] = 'o3 tests failed';
  lines[2] = 'o0 errors, 0 warnings';
  lines[3] = 'hERRORS=1';
  mock.world.append(log, ...lines);
  await open();
  await page.locator('[data-testid=log-map][data-errors="2"][data-warnings="1"]').waitFor();
  await page.getByRole('log').focus();
  await page.keyboard.press('e');
  await inSight(2000);
  expect(await line(2000).getAttribute('data-problem')).toBe('error');
  await page.keyboard.press('e');
  await inSight(2500);
  await page.keyboard.press('E');
  await inSight(2000);
  await page.getByTestId('log-next-warning').click();
  await inSight(500);
  expect(page.url()).toContain('#L500');
  const map = await page.getByTestId('log-map').boundingBox();
  await page.getByTestId('log-map').click({ position: { x: 6, y: ((map?.height ?? 0) * 2490) / 3000 } });
  await inSight(2490);
  // A log that grows is looked at as it does.
  mock.world.append(log, 'efatal: it ends');
  await page.locator('[data-testid=log-map][data-errors="3"]').waitFor();
}, 30_000);

it('folds sections, and unfolds what is gone to', async () => {
  mock.world.append(log, ...'abcdef'.split('').map((name) => `h${name}`), 'o::group::Install', ...Array.from({ length: 40 }, (_, at) => `oinstalling ${at}`), 'o::endgroup::', 'oafter',
    'osection_start:1:deep[collapsed=true]\r\u001b[0KDeep inside', 'ohidden one', 'osection_end:1:deep\r\u001b[0K', 'oend');
  mock.world.finishLog(log);
  await open();
  const fold = (name: string): Locator => page.getByRole('button', { name });
  await fold('Unfold Deep inside').waitFor();
  expect(await page.getByText('hidden one').count()).toBe(0);
  expect(await line(7).locator('.text').textContent()).toBe('Install');
  await fold('Fold Install').click();
  await line(8).waitFor({ state: 'detached' });
  await line(49).waitFor();
  await page.keyboard.press('/');
  await page.keyboard.type('installing 33');
  await current(41);
  await inSight(41);
  await page.getByTestId('log-fold-all').click();
  await line(2).waitFor({ state: 'detached' });
  await page.getByTestId('log-fold-all').click();
  await page.getByText('hidden one').waitFor();
  await axe(page);
}, 30_000);

it('marks and copies lines by keyboard, wraps, and shows a very long line whole', async () => {
  const long = 'x'.repeat(1_000_000);
  mock.world.append(log, 'ofirst', 'e\u001b[1msecond\u001b[0m', 'othird', `o${long}end`, ...Array.from({ length: 200 }, (_, at) => `o${at} ${'word '.repeat(at % 90)}`), 'olast');
  mock.world.finishLog(log);
  await open('#L2');
  await line(2).waitFor();
  await page.getByRole('log').focus();
  await page.keyboard.press('J');
  await page.waitForFunction(() => location.hash.endsWith('#L2-L3'));
  await page.keyboard.press('c');
  await page.getByText('Copied').waitFor();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe('second\nthird\n');
  await page.locator('[data-line="5"] .n').click({ modifiers: ['Shift'] });
  await page.waitForFunction(() => location.hash.endsWith('#L2-L5'));
  await page.getByTestId('log-long').click();
  expect((await page.getByTestId('log-line-whole').textContent())?.length).toBe(long.length + 3);
  await page.keyboard.press('Escape');
  await page.getByTestId('log-wrap').check();
  await page.waitForFunction(() => (document.querySelector<HTMLElement>('[data-line="4"]')?.offsetHeight ?? 0) > 100);
  await page.keyboard.press('>');
  await page.getByTestId('log-end').click();
  await inSight(205);
  await page.getByTestId('log-wrap').uncheck();
}, 30_000);

it('shows when lines came, by the clock or since the step began', async () => {
  const began = step.started_at as number;
  mock.world.append(log, ...Array.from({ length: 2000 }, (_, at) => `oline ${at + 1}`));
  mock.world.times.set(log.logid, [[0, (began + 1) * 1e6], [1500, (began + 3725.5) * 1e6]]);
  await open();
  const stamp = (n: number): Promise<string | null> => line(n).locator('.t').getAttribute('data-time');
  await line(2000).waitFor();
  expect(await line(2000).locator('.t').count()).toBe(0);
  await page.getByRole('log').focus();
  await page.keyboard.press('t');
  await line(2000).locator('.t').waitFor();
  const clock = (at: number): string => new Date(at * 1000).toTimeString().slice(0, 8);
  expect(await stamp(2000)).toBe(clock(began + 3725));
  await page.keyboard.press('t');
  await page.waitForFunction(() => document.querySelector('[data-line="2000"] .t')?.getAttribute('data-time') === '1:02:05.5');
  expect(await line(2000).locator('.t').getAttribute('title')).toContain('.500');
  // What comes has its time as well, and so has what is scrolled to.
  mock.world.append(log, 'olast');
  mock.world.times.get(log.logid)?.splice(2, 1, [2000, (began + 3726) * 1e6]);
  await line(2001).waitFor();
  expect(await stamp(2001)).toBe('1:02:06.0');
  await page.keyboard.press('<');
  await line(1).waitFor();
  expect(await stamp(1)).toBe('0:01.0');
  await axe(page);
  // The choice is kept, and can be taken back; the sheet of keys tells of it.
  await page.reload();
  await line(2001).locator('.t').waitFor();
  expect(await page.getByTestId('log-times').inputValue()).toBe('step');
  await page.getByTestId('log-times').selectOption('off');
  await line(2001).locator('.t').waitFor({ state: 'detached' });
  await page.getByRole('log').focus();
  await page.keyboard.press('?');
  await page.getByText('Times of lines: of day').waitFor();
  await page.keyboard.press('Escape');
  // Nothing is offered where the master knows no times.
  mock.world.times.set(log.logid, []);
  await page.reload();
  await line(2001).waitFor();
  expect(await page.getByTestId('log-times').count()).toBe(0);
}, 30_000);

it('prints all lines of a short log, and those around what is in sight of a long one', async () => {
  mock.world.append(log, ...Array.from({ length: 120 }, (_, at) => `oshort ${at + 1}`));
  await open();
  // It is still written, and followed to its end.
  await line(120).waitFor();
  const lines = page.getByTestId('log-line');
  const print = (when: string): Promise<boolean> => page.evaluate((name) => dispatchEvent(new Event(name)), when);
  expect(await lines.count()).toBeLessThan(120);
  await print('beforeprint');
  expect(await lines.count()).toBe(120);
  await print('afterprint');
  await line(1).waitFor({ state: 'detached' });
  mock.world.append(log, ...Array.from({ length: 1880 }, (_, at) => `olong ${at + 121}`));
  mock.world.finishLog(log);
  await page.close();
  await open('#L1200');
  await inSight(1200);
  await print('beforeprint');
  await page.getByText(/^Lines 1,1\d\d to 1,\d\d\d are printed\.$/).waitFor();
  await line(1400).waitFor();
  await print('afterprint');
  await line(1400).waitFor({ state: 'detached' });
});

it('has all logs of a step, and shows a page in a frame in which nothing runs', async () => {
  mock.world.append(log, 'ohere');
  const html = mock.world.log(step, 'report.html', 'h');
  mock.world.append(html, '<h1>Report</h1><script>parent.document.title = "taken"</script>');
  await open();
  await page.locator('[data-testid=log-tab][data-log=report_html]').click();
  const frame = page.frameLocator('[data-testid=log-frame]');
  await frame.getByRole('heading', { name: 'Report' }).waitFor();
  expect(await page.title()).not.toBe('taken');
  expect(await page.getByTestId('log-frame').getAttribute('sandbox')).toBe('');
  await page.getByTestId('log-source').click();
  await page.getByText('<h1>Report</h1>').waitFor();
}, 30_000);

it('fits a phone', async () => {
  mock.world.append(log, ...Array.from({ length: 300 }, (_, at) => `o${at} ${'word '.repeat(40)}${at === 200 ? 'error' : ''}`));
  await open('?q=error');
  await page.setViewportSize({ width: 390, height: 844 });
  await current(201);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  await axe(page);
}, 30_000);
