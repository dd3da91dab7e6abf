import type { Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';

import type { Build } from '../../client/index.ts';
import type { Mock, MockOptions } from '../mock/server.ts';
import { axe } from './axe.ts';
import { openBrowser, openMock, openPage, type Opened } from './browser.ts';
import { FRAME, looks, MOMENT, still } from './looks.ts';

// The waterfall is a picture: what it shows is told by the list for those who do not see it, and by its pixels.
let opened: Opened;
let mock: Mock;
let url: string;
let page: Page;
let problems: string[] = [];

beforeAll(async () => {
  opened = await openBrowser({ viewport: { width: 1280, height: 800 } });
});
afterAll(() => opened.close());
beforeEach(() => start('?span=2d'));
afterEach(async () => {
  expect(problems).toEqual([]);
  problems = [];
  await page.close();
  await mock.close();
});

async function start(query: string, options: MockOptions = {}): Promise<void> {
  ({ mock, url } = await openMock(options));
  page = await openPage(opened.context, `${url}#/waterfall${query}`, problems);
  await settled();
}
const settled = (): Promise<void> => page.locator('[data-testid=waterfall-chart][data-settled=true]').waitFor();
const live = (): Promise<void> => page.locator('[data-testid=connection][data-state=live]').waitFor();
const build = (builder: string, number: number, status = ''): Locator =>
  page.locator(`[data-testid=waterfall-build][data-builder="${builder}"][data-number="${number}"]${status === '' ? '' : `[data-status=${status}]`}`);
const names = (): Promise<string[]> => page.getByTestId('waterfall-builder').evaluateAll((all) => all.map((one) => (one as HTMLElement).dataset['builder'] ?? ''));
const attached = { state: 'attached' } as const;
/** How many pixels of the picture have a colour of the theme, by its name. */
const pixels = (name: string): Promise<number> =>
  page.evaluate((name) => {
    const canvas = document.querySelector('canvas') as HTMLCanvasElement;
    const probe = document.body.appendChild(document.createElement('i'));
    probe.style.color = `var(--${name})`;
    const wanted = (getComputedStyle(probe).color.match(/\d+/g) ?? []).map(Number);
    probe.remove();
    const { data } = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height) as ImageData;
    let count = 0;
    for (let i = 0; i < data.length; i += 4) if (data[i] === wanted[0] && data[i + 1] === wanted[1] && data[i + 2] === wanted[2]) count++;
    return count;
  }, name);
/** Waits until what is asked is true. */
const until = (ask: () => Promise<boolean>): Promise<unknown> => expect.poll(ask, { timeout: 8000, interval: 50 }).toBe(true);

it('draws builds, and those that run and end, without a reload', async () => {
  expect(await names()).toContain('linux-gcc');
  await build('linux-gcc', 1).waitFor(attached);
  expect(await pixels('failure')).toBeGreaterThan(50);
  expect(await pixels('running')).toBe(0);
  await live();
  const begun = mock.world.start(mock.world.request(1, 'a change'), 1, {}, mock.world.now() - 9000);
  await build('linux-gcc', begun.number, 'running').waitFor(attached);
  await until(async () => (await pixels('running')) > 0);
  mock.world.finish(begun, 2);
  await build('linux-gcc', begun.number, 'failure').waitFor(attached);
  await until(async () => (await pixels('running')) === 0);
  const added = mock.world.builder('zebra', []);
  mock.world.emit(added, ['builders', added.builderid, 'new']);
  await page.locator('[data-testid=waterfall-builder][data-builder=zebra]').waitFor();
});

it('reads the colours of another theme', async () => {
  const bright = await pixels('failure');
  await page.emulateMedia({ colorScheme: 'dark' });
  await until(async () => (await pixels('failure')) >= bright * 0.8 && (await pixels('panel')) > 1000);
  await page.emulateMedia({ colorScheme: null });
});

it('tells of the build at which one points, and opens it', async () => {
  await page.getByTestId('waterfall-filter').fill('linux-gcc');
  await until(async () => (await names()).join() === 'linux-gcc,linux-gcc-2' || (await names()).join() === 'linux-gcc');
  await build('linux-gcc', 6).focus();
  const card = page.getByTestId('waterfall-card');
  await card.getByText('linux-gcc #6').waitFor();
  await card.getByText('lab-').waitFor();
  await card.getByText('configure').waitFor();
  await page.keyboard.press('Escape');
  await card.waitFor({ state: 'detached' });
  await page.keyboard.press('ArrowDown');
  await card.getByText('linux-gcc #5').waitFor();
  await page.keyboard.press('ArrowUp');
  await card.getByText('linux-gcc #6').waitFor();
  await page.keyboard.press('Enter');
  await page.locator('[data-testid=build][data-number="6"]').waitFor();
  await page.goBack();
  await settled();
  expect(await page.getByTestId('waterfall-filter').inputValue()).toBe('linux-gcc');
});

it('goes through builders and times by keyboard, and reads what comes into sight', async () => {
  await build('linux-gcc', 6).focus();
  await page.keyboard.press('ArrowRight');
  await until(() => page.evaluate(() => !['linux-gcc', undefined].includes((document.activeElement as HTMLElement).dataset['builder'])));
  await page.goto(`${url}#/waterfall?span=30m`);
  await settled();
  // Its builds are hours apart: what is not in sight is asked for.
  const first = page.getByTestId('waterfall-build').first();
  if ((await first.count()) === 0) await page.locator('.nothing button').click();
  await first.waitFor(attached);
  await first.focus();
  const before = await page.evaluate(() => Number((document.activeElement as HTMLElement).dataset['number']));
  await page.keyboard.press('ArrowDown');
  await until(() => page.evaluate((number) => Number((document.activeElement as HTMLElement).dataset['number']) === number - 1, before));
  await until(() => Promise.resolve(/at=\d+/.test(page.url())));
});

it('moves and zooms, and keeps in its address where it is', async () => {
  const surface = page.getByTestId('waterfall-surface');
  const box = await surface.boundingBox();
  if (!box) throw new Error('there is no picture');
  expect(await page.getByTestId('waterfall-chart').getAttribute('data-following')).toBe('true');
  await page.mouse.move(box.x + 600, box.y + 300);
  await page.mouse.wheel(0, 400);
  await until(() => Promise.resolve(/at=\d+/.test(page.url())));
  expect(await page.getByTestId('waterfall-now').isEnabled()).toBe(true);
  await page.keyboard.press('+');
  await until(() => Promise.resolve(page.url().includes('span=1d')));
  const shared = page.url();
  await page.getByTestId('waterfall-now').click();
  await until(() => Promise.resolve(!/at=\d+/.test(page.url())));
  await page.goto(shared);
  await page.reload();
  await settled();
  expect(await page.getByTestId('waterfall-chart').getAttribute('data-following')).toBe('false');
  expect(await page.getByTestId('waterfall-span').getAttribute('data-span')).toBe('1d');
  // While one reads what was, what is new moves nothing.
  await live();
  const picture = (): Promise<string> => page.evaluate(() => document.querySelector('canvas')?.toDataURL() ?? '');
  await page.mouse.move(box.x + 600, box.y - 60);
  await page.getByTestId('waterfall-card').waitFor({ state: 'detached' });
  const before = await picture();
  const begun = mock.world.start(mock.world.request(1, 'a change'), 1);
  await build('linux-gcc', begun.number).waitFor({ state: 'attached', timeout: 1500 }).catch(() => undefined);
  expect(page.url()).toBe(shared);
  expect(await picture()).toBe(before);
});

it('says that nothing is in sight when it knows, and is moved there too', async () => {
  const said = '[role=status] button';
  await page.addInitScript((said) => new MutationObserver(() => document.querySelector(said) && Object.assign(window, { said: true })).observe(document, { childList: true, subtree: true }), said);
  await page.reload();
  await settled();
  await build('linux-gcc', 1).waitFor(attached);
  expect(await page.evaluate(() => 'said' in window)).toBe(false);
  // Builds begin each two and a half hours and are short.
  const at = mock.world.now() - 90_000 + 26_000;
  await page.goto(`${url}#/waterfall?span=30m&at=${at}`);
  await page.locator(said).waitFor();
  const box = await page.locator('[role=status]:has(button)').boundingBox();
  if (!box) throw new Error('it has no place');
  await page.mouse.move(box.x + 8, box.y + 8);
  await page.mouse.wheel(0, -100);
  await until(() => Promise.resolve(Number(/at=(\d+)/.exec(page.url())?.[1]) > at));
  await page.locator(said).click();
  await page.getByTestId('waterfall-build').first().waitFor(attached);
});

it('shows the builders that are wanted', async () => {
  await page.getByTestId('waterfall-tags').locator('summary').click();
  const tag = page.locator('[data-testid=waterfall-tag][data-tag="linux"]');
  await tag.click();
  await until(async () => (await names()).join() === 'docs,fuzz,linux-clang,linux-clang-2,linux-gcc,linux-gcc-2');
  expect(page.url()).toContain('tag=linux');
  await tag.click();
  await until(async () => !(await names()).includes('linux-gcc') && (await names()).includes('macos-arm64'));
  expect(page.url()).toContain('without_tag=linux');
  await page.getByTestId('waterfall-reset').click();
  await until(async () => (await names()).includes('linux-gcc'));
  // One builder of these never built anything.
  expect(await names()).toContain('package');
  await page.getByTestId('waterfall-busy').check();
  await until(async () => !(await names()).includes('package') && (await names()).includes('linux-gcc'));
  await page.getByTestId('waterfall-filter').fill('nothing like it');
  await page.getByTestId('empty').waitFor();
  await page.getByTestId('waterfall-reset').click();
  await until(async () => (await names()).includes('package'));
});

it('shows builders that are configured no more, with what they built', async () => {
  const gone = mock.world.builders[0];
  if (!gone) throw new Error('There is no builder.');
  gone.masterids = [];
  await page.reload();
  await settled();
  expect(await names()).not.toContain(gone.name);
  await page.getByTestId('show-old').check();
  await until(async () => (await names()).includes(gone.name));
  expect(page.url()).toContain('old=yes');
  const newest = mock.world.builds.findLast((one) => one.builderid === gone.builderid);
  await build(gone.name, newest?.number ?? 0).waitFor(attached);
  await page.reload();
  await build(gone.name, newest?.number ?? 0).waitFor(attached);
  await axe(page);
  await page.getByTestId('waterfall-reset').click();
  await until(async () => !(await names()).includes(gone.name));
});

it('cuts idle time out where one wants that, live, and goes on at each zoom', async () => {
  const { world } = mock;
  const DAY = 86_400;
  // History began before.
  Object.assign(world.builds[0] ?? {}, { started_at: world.now() - 20 * DAY, complete_at: world.now() - 20 * DAY + 60 });
  const nightly = world.builder('nightly', []);
  const night = (ago: number): Build => {
    const one = world.start(world.request(nightly.builderid, 'the clock', [], world.now() - ago), 1, {}, world.now() - ago);
    world.finish(one, 0, world.now() - ago + 1200);
    return one;
  };
  const nights = [9, 2, 1].map((days) => night(days * DAY));
  await page.goto(`${url}#/waterfall?span=4h&q=nightly`);
  await page.reload();
  await settled();
  const shown = (): Promise<string> => page.getByTestId('waterfall-build').evaluateAll((all) => all.map((one) => (one as HTMLElement).dataset['number']).join());
  await until(async () => (await shown()) === '');
  /** What is written in the picture. */
  const written = (): Promise<string[]> => page.evaluate(() => (window as { written?: string[] }).written ?? []);
  await page.evaluate(() => {
    const texts: string[] = ((window as { written?: string[] }).written = []);
    const write = CanvasRenderingContext2D.prototype.fillText;
    CanvasRenderingContext2D.prototype.fillText = function (text, ...where) {
      texts.push(text);
      write.call(this, text, ...where);
    };
  });
  await page.getByTestId('waterfall-idle').selectOption('30');
  await until(async () => (await shown()) === '3,2,1');
  expect(page.url()).toContain('idle=30');
  // A break tells how long it is: a day without a build of twenty minutes, and the week before.
  await until(async () => (await written()).includes('⋯ 23 h') && (await written()).includes('⋯ 6 d'));
  await settled();
  await axe(page);

  // What is told of a build stands beside it, also behind breaks.
  await build('nightly', 1).focus();
  const card = page.getByTestId('waterfall-card');
  await card.getByText('nightly #1').waitFor();
  const box = await page.getByTestId('waterfall-surface').boundingBox();
  if (!box) throw new Error('there is no picture');
  await live();
  const running = world.start(world.request(nightly.builderid, 'by hand', []), 1);
  await build('nightly', running.number, 'running').waitFor(attached);
  world.finish(running, 2);
  await build('nightly', running.number, 'failure').waitFor(attached);
  await page.getByTestId('waterfall-out').click();
  await until(async () => (await shown()) === '4,3,2,1');
  await page.getByTestId('waterfall-in').click();
  await page.getByTestId('waterfall-in').click();
  await until(() => Promise.resolve(page.url().includes('span=2h')));
  await page.mouse.move(box.x + 400, box.y + 200);
  await page.mouse.wheel(0, 150);
  await until(() => Promise.resolve(/at=\d+/.test(page.url())));
  // Some pixels back are a night, where all between is idle.
  const at = Number(/at=(\d+)/.exec(page.url())?.[1]);
  expect(at).toBeLessThan((nights[2]?.started_at ?? 0) + 3 * 3600);
  await page.getByTestId('waterfall-now').click();

  // The settings have it for all addresses, until one says otherwise.
  await page.goto(`${url}#/settings`);
  await page.locator('[data-setting=idle] select').selectOption('60');
  await page.goto(`${url}#/waterfall?span=4h&q=nightly`);
  await until(async () => (await shown()) === '4,3,2,1');
  await page.getByTestId('waterfall-idle').selectOption('0');
  await until(async () => (await shown()) === '4');
  expect(page.url()).toContain('idle=0');
  await page.goto(`${url}#/settings`);
  await page.getByTestId('settings-reset').click();
});

it('shows 90 builders of which only those in sight are asked for', async () => {
  await page.close();
  await mock.close();
  ({ mock, url } = await openMock({ builders: 90 }));
  page = await openPage(opened.context, 'about:blank', problems);
  const asked: URL[] = [];
  page.on('request', (request) => request.url().includes('views/waterfall') && asked.push(new URL(request.url())));
  await page.goto(`${url}#/waterfall?span=1d&width=normal`);
  await settled();
  expect((await names()).length).toBeLessThan(25);
  await until(() => Promise.resolve(asked.length > 1));
  const ids = new Set(asked.flatMap((one) => one.searchParams.getAll('builderid')));
  expect(ids.size).toBeLessThan(60);
  const before = await names();
  await page.mouse.move(800, 500);
  await page.mouse.wheel(5000, 0);
  await until(async () => !(await names()).includes(before[0] ?? ''));
  await settled();
  await page.getByTestId('waterfall-build').first().waitFor(attached);
});

it('looks as it should', async () => {
  await page.close();
  await mock.close();
  const own = await openBrowser(FRAME);
  ({ mock, url } = await openMock({ builders: 14, now: MOMENT / 1000 }));
  page = await own.context.newPage();
  await still(page);
  // As at midday of the mock master, of whose builds the newest have ended some hours ago.
  await page.goto(`${url}#/waterfall?span=8h&at=${MOMENT / 1000 - 3 * 3600}&width=normal`);
  await settled();
  await page.getByTestId('waterfall-build').first().waitFor(attached);
  await looks(page, 'waterfall');
  await page.goto(`${url}#/waterfall?span=4d&at=${MOMENT / 1000}`);
  await settled();
  await page.getByTestId('waterfall-build').first().waitFor(attached);
  await looks(page, 'waterfall-days');
  await page.close();
  await own.close();
  page = await opened.context.newPage();
});

it('is for everybody, also on a phone', async () => {
  await axe(page);
  await build('linux-gcc', 6).focus();
  await page.getByTestId('waterfall-card').getByText('configure').waitFor();
  await axe(page);
  await page.setViewportSize({ width: 390, height: 844 });
  await settled();
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  await axe(page);
  await page.setViewportSize({ width: 1280, height: 800 });
});
