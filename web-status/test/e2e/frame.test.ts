import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';

import type { Mock, MockOptions } from '../mock/server.ts';
import { axe } from './axe.ts';
import { openBrowser, openMock, openPage, type Opened } from './browser.ts';

// What surrounds the views, over a mock master that this test drives.
let opened: Opened;
let mock: Mock;
let url: string;
let page: Page;
let problems: string[] = [];

beforeAll(async () => {
  opened = await openBrowser({ viewport: { width: 1280, height: 800 } });
});
afterAll(() => opened.close());
afterEach(async () => {
  expect(problems).toEqual([]);
  problems = [];
  await page.evaluate(() => localStorage.clear());
  await opened.context.clearCookies();
  await page.close();
  await mock.close();
});

async function start(options: MockOptions = {}, hash = ''): Promise<void> {
  ({ mock, url } = await openMock({ builders: 4, ...options }));
  page = await openPage(opened.context, `${url}${hash}`, problems);
  // Below the test's own deadline, so that it tells what did not come.
  page.setDefaultTimeout(20_000);
}
const live = (): Promise<void> => page.locator('[data-testid=connection][data-state=live]').waitFor();

it('leads to every view, by mouse and by keyboard', async () => {
  await start();
  await live();
  await page.getByTestId('nav-menu').click();
  expect(await page.getByTestId('nav-menu').getAttribute('aria-expanded')).toBe('true');
  await axe(page);
  await page.keyboard.press('Escape');
  await page.getByTestId('nav-list').waitFor({ state: 'detached' });
  await page.keyboard.press('ArrowDown');
  await page.locator('[data-testid=nav-list] li:first-child a:focus').waitFor();
  await page.keyboard.press('ArrowUp');
  await page.locator('[data-testid=nav-list] li:last-child a:focus').waitFor();
  await page.getByTestId('nav-list').getByTestId('nav-about').focus();
  await page.keyboard.press('Enter');
  await page.getByTestId('nav-list').waitFor({ state: 'detached' });
  expect(page.url()).toContain('#/about');
  // The same by single keys.
  await page.keyboard.press('g');
  await page.keyboard.press('k');
  await page.locator('[data-testid=nav-workers][aria-current=page]').waitFor();
  // On a phone it is one menu.
  await page.setViewportSize({ width: 390, height: 800 });
  await page.getByTestId('nav-workers').waitFor({ state: 'detached' });
  await page.getByTestId('nav-menu').click();
  await page.getByTestId('nav-changes').click();
  await page.getByTestId('change-row').first().waitFor();
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
  await page.setViewportSize({ width: 1280, height: 800 });
});

it('says so where a view cannot be loaded, and gets it by loading the page again', async () => {
  await start();
  await live();
  await page.route('**/WorkersView*.js', (route) => route.abort());
  await page.getByTestId('nav-workers').click();
  await page.getByTestId('load-failed').waitFor();
  await page.unroute('**/WorkersView*.js');
  await page.getByTestId('load-failed').getByRole('button').click();
  await page.getByTestId('worker-row').first().waitFor();
});

it('signs in with name and password, tells who that is, and when it holds no more', async () => {
  await start({ people: { ada: 'sluice' }, token: 'secret' }, '#/workers');
  await live();
  await page.getByTestId('pause-button').first().click();
  await page.getByTestId('pause-dialog-submit').click();
  await page.getByTestId('username-input').fill('ada');
  await page.getByTestId('password-input').fill('wrong');
  await page.getByTestId('token-submit').click();
  await page.getByTestId('sign-in-error').getByText('no such user').waitFor();
  await axe(page);
  await page.getByTestId('password-input').fill('sluice');
  await page.keyboard.press('Enter');
  await page.locator('[data-testid=sign-in][data-who="ada Kern"]').waitFor();
  await page.locator('[data-testid=worker-row]').first().getByText('Resume').waitFor();
  // The session ends while the page is open: it says so, and goes on once somebody has signed in again.
  mock.people.expire();
  mock.cut();
  await page.getByTestId('problem').getByText('knows you no more').waitFor();
  await page.getByTestId('trouble-sign-in').click();
  await page.getByTestId('expired').waitFor();
  await page.getByTestId('username-input').fill('ada');
  await page.getByTestId('password-input').fill('sluice');
  await page.keyboard.press('Enter');
  await page.getByTestId('problem').waitFor({ state: 'detached' });
  await live();
  await page.getByTestId('sign-in').click();
  await page.getByTestId('who').getByText('ada@example.org').waitFor();
  await page.getByTestId('sign-out').click();
  await page.locator('[data-testid=sign-in]:not([data-who])').waitFor();
  await live();
});

it('speaks German, and looks as the reader chose, also after a reload and in another tab', async () => {
  await start({}, '#/settings');
  const setting = (name: string, value: string): Promise<void> => page.locator(`[data-setting=${name}] input[value="${value}"]`).check({ force: true });
  await page.locator('[data-setting=language] select').selectOption('de');
  await page.locator('h1').getByText('Einstellungen').waitFor();
  expect(await page.evaluate(() => document.documentElement.lang)).toBe('de');
  const other = await openPage(opened.context, url, problems);
  await other.getByTestId('nav-changes').getByText('Änderungen').waitFor();
  await setting('theme', 'contrast');
  await setting('palette', 'safe');
  await axe(page);
  await setting('density', 'compact');
  await other.locator(':root[data-contrast=more][data-palette=safe][data-density=compact]').waitFor();
  await other.close();
  await page.locator('[data-setting=first] select').selectOption('about');
  await page.reload();
  await page.locator(':root[data-contrast=more]').waitFor();
  await page.goto(`${url}#/`);
  await page.locator('[data-testid=licence][data-package=svelte]').waitFor();
  await axe(page);
  await page.goto(`${url}#/settings`);
  await page.getByTestId('settings-reset').click();
  await page.locator('h1').getByText('Settings').waitFor();
});

it('jumps to what is typed, and shows its keys', async () => {
  await start({}, '#/builders');
  await live();
  await page.keyboard.press('?');
  await page.locator('[data-testid=key-row][data-keys="g w"], [data-testid=key-row][data-keys="g k"]').first().waitFor();
  await axe(page);
  await page.keyboard.press('Escape');
  await page.getByTestId('key-sheet').waitFor({ state: 'detached' });
  await page.keyboard.press('j');
  await page.keyboard.press('j');
  await page.keyboard.press('k');
  expect(await page.evaluate(() => document.activeElement?.closest('tr')?.dataset['testid'])).toBe('builder-row');
  await page.keyboard.press('Control+k');
  await page.getByTestId('jump-input').fill('lin cla 2');
  await page.locator('[data-testid=jump-target][data-kind=build]').waitFor();
  await page.keyboard.press('Enter');
  await page.locator('[data-testid=build][data-number="2"]').waitFor();
  // What the server alone knows: a build by its id.
  await page.keyboard.press('Control+k');
  await page.getByTestId('jump-input').fill('#1');
  await page.locator('[data-testid=jump-target][data-kind=build]').waitFor();
  await axe(page);
  await page.keyboard.press('Escape');
  // Typed into a field, letters are letters.
  await page.goto(`${url}#/builders`);
  await page.getByTestId('builder-filter').waitFor();
  await page.keyboard.press('/');
  await page.keyboard.type('gb?');
  expect(await page.getByTestId('builder-filter').inputValue()).toBe('gb?');
  expect(await page.getByTestId('key-sheet').count()).toBe(0);
});

it('leads from a builder\'s name, as Buildbot\'s addresses may have it, to its number', async () => {
  await start({}, '#/builders/linux-gcc/builds/2?x=1');
  await page.locator('[data-testid=build][data-number="2"]').waitFor();
  expect(page.url()).toMatch(/#\/builders\/\d+\/builds\/2\?x=1$/);
  await page.goto(`${url}#/builders/linux-gcc/builds/2/steps/0/logs/stdio#L3`);
  await page.getByTestId('log-line').first().waitFor();
  expect(page.url()).toMatch(/#\/builders\/\d+\/builds\/2\/steps\/0\/logs\/stdio#L3$/);
});

it('says since when it is cut off, and that it has missed nothing', async () => {
  await start({}, '#/changes');
  await live();
  mock.down = true;
  mock.cut();
  await page.locator('[data-testid=offline-banner][data-state=away]').waitFor({ timeout: 15_000 });
  await axe(page);
  mock.world.change('Mei Sato <mei@example.org>', 'Made while nobody heard', ['src/flow.c']);
  mock.down = false;
  await page.getByTestId('offline-banner').getByRole('button').click();
  await page.locator('[data-testid=offline-banner][data-state=back]').waitFor();
  await page.getByTestId('change-row').getByText('Made while nobody heard').waitFor();
});

it('tells how watched builds end, on whatever page one is, over one stream', async () => {
  await start();
  await live();
  await page.evaluate(() => {
    const key = `weir-watched:${document.baseURI}`;
    localStorage.setItem(key, JSON.stringify([{ builderid: 1, name: 'linux-gcc' }]));
  });
  await page.reload();
  await live();
  const icon = (status: string): Promise<void> => page.locator(`link[rel=icon][href*="icon-${status}"]`).waitFor({ state: 'attached' });
  const build = mock.world.start(mock.world.request(1, 'a change'), 1);
  await icon('running');
  // Elsewhere, and from one view to the next.
  await page.getByTestId('nav-workers').click();
  mock.world.finish(build, 2);
  await page.getByTestId('watch-told').getByText(`linux-gcc #${build.number}: Failed`).waitFor();
  await icon('failure');
  // One build, by its bell: it is told, and then watched no more.
  const other = mock.world.start(mock.world.request(2, 'a change'), 1);
  await page.goto(`${url}#/builders/2/builds/${other.number}`);
  await page.getByTestId('watch-button').click();
  await page.locator('[data-testid=watch-button][aria-pressed=true]').waitFor();
  await live();
  mock.world.finish(other, 0);
  await page.getByTestId('watch-told').getByText(`linux-clang #${other.number}: Success`).waitFor();
  await page.goto(`${url}#/settings`);
  await page.locator('[data-testid=watched][data-name=linux-gcc]').waitFor();
  await page.getByTestId('watched').getByRole('button').click();
  await page.getByText('Nothing is watched.').waitFor();
  await page.locator('link[rel=icon][href$="/icon.svg"]').waitFor({ state: 'attached' });
});
