import type { Locator, Page, Request } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';

import type { Build } from '../../client/index.ts';
import type { Mock, MockOptions } from '../mock/server.ts';
import { axe } from './axe.ts';
import { openBrowser, openMock, openPage, type Opened } from './browser.ts';

// Workers, schedulers, requests, changes and masters, over a mock master that this test drives.
let opened: Opened;
let mock: Mock;
let url: string;
let page: Page;
let problems: string[] = [];

beforeAll(async () => {
  opened = await openBrowser({ viewport: { width: 1200, height: 800 } });
});
afterAll(() => opened.close());
afterEach(async () => {
  await page.close();
  await mock.close();
  expect(problems).toEqual([]);
  problems = [];
});

async function start(hash: string, options: MockOptions = {}): Promise<void> {
  ({ mock, url } = await openMock({ builders: 5, ...options }));
  page = await openPage(opened.context, `${url}${hash}`, problems);
}
const live = (): Promise<void> => page.locator('[data-testid=connection][data-state=live]').waitFor();
const marked = (testid: string, name: string, value: string | number): Locator => page.locator(`[data-testid=${testid}][data-${name}="${value}"]`);
const stands = ({ buildid }: Build, status: string): Promise<void> => page.locator(`[data-testid=build-row][data-build="${buildid}"][data-status=${status}]`).waitFor();

it('pauses a worker with a reason, and leads to what it builds', async () => {
  await start('#/workers');
  await live();
  await page.getByTestId('state-offline').click();
  await marked('worker-row', 'worker', 'mac-mini').waitFor();
  expect(await page.getByTestId('worker-row').count()).toBe(1);
  await page.getByTestId('away-reason').getByText('a connection from 192.0.2.5 presented the wrong token').waitFor();
  expect(page.url()).toContain('state=offline');
  await page.getByTestId('state-all').click();
  await page.getByTestId('worker-filter').fill('lab-2');
  const row = marked('worker-row', 'worker', 'lab-2');
  await row.getByTestId('pause-button').click();
  await page.locator('[data-testid=pause-dialog] input').fill('a fan is broken');
  await page.getByTestId('pause-dialog-submit').click();
  await row.getByText('Resume').waitFor();
  await axe(page);
  await row.getByTestId('worker-link').click();
  await marked('worker', 'worker', 'lab-2').waitFor();
  expect(await page.getByTestId('worker-builds').getByTestId('build-row').count()).toBeGreaterThan(0);
  await live();
  const build = mock.world.start(mock.world.request(1, 'a change'), 2);
  await stands(build, 'running');
  mock.world.finish(build, 2);
  await stands(build, 'failure');
  await page.getByTestId('stop-worker').click();
  await page.getByTestId('stop-dialog-submit').click();
  await page.getByText('shutting down').waitFor();
  await page.getByTestId('stop-worker').click();
  // One that ends already is asked to only once more, for faster.
  await page.getByTestId('kill-worker').and(page.locator(':checked')).waitFor();
  await axe(page);
  await page.getByTestId('stop-dialog-submit').click();
  await page.locator('[data-testid=worker][data-worker="lab-2"][data-connected=false]').waitFor();
  await page.getByTestId('away-reason').getByText('Not connected: it ended, as it was told').waitFor();
  await axe(page);
});

it('pauses, resumes and stops several workers at once, and tells which of them it was refused for', async () => {
  await start('#/workers', { token: 'secret' });
  await live();
  const choose = (name: string): Promise<void> => marked('worker-row', 'worker', name).getByTestId('choose-worker').check();
  const paused = (): string[] => mock.world.workers.filter((one) => one.paused).map(({ name }) => name);
  const all = mock.world.workers.map(({ name }) => name);
  await choose('lab-1');
  await page.locator('[data-testid=choose-all]:indeterminate').click();
  await page.getByTestId('chosen-count').getByText(`${all.length} workers chosen`).waitFor();
  // What is not in sight is not meant.
  await page.getByTestId('state-offline').click();
  await page.getByTestId('chosen-count').getByText('1 worker chosen').waitFor();
  await page.getByTestId('state-all').click();
  await page.getByTestId('pause-chosen').click();
  await page.locator('[data-testid=pause-dialog] input').fill('the hall is rebuilt');
  await axe(page);
  await page.getByTestId('pause-dialog-submit').click();
  await page.getByText('anonymous may not control builds').waitFor();
  await page.getByTestId('token-input').fill('secret');
  await page.getByTestId('token-submit').click();
  await page.getByTestId('pause-dialog').waitFor({ state: 'detached' });
  expect(paused()).toEqual(all);
  await page.locator('[data-testid=pause-chosen]:disabled').waitFor();

  await page.route('**/api/v2/workers/2', (route) => route.fulfill({ status: 400, json: { jsonrpc: '2.0', id: 1, error: { code: -32602, message: 'lab-2 is needed elsewhere' } } }));
  await page.getByTestId('resume-chosen').click();
  await page.locator('[data-testid=refusals] [data-worker="lab-2"]').getByText('lab-2 is needed elsewhere.').waitFor();
  await axe(page);
  expect(await page.locator('[data-testid=refusals] li').count()).toBe(1);
  expect(paused()).toEqual(['lab-2']);
  await page.unroute('**/api/v2/workers/2');

  // Only one that is connected can be stopped.
  await page.getByTestId('stop-chosen').getByText('Stop 2').click();
  await page.getByTestId('stop-dialog').getByText('lab-1, lab-2').waitFor();
  await page.getByTestId('stop-dialog-submit').click();
  await marked('worker-row', 'worker', 'lab-2').getByText('shutting down').waitFor();
  expect(mock.world.workers.filter((one) => one.graceful).map(({ name }) => name)).toEqual(['lab-1', 'lab-2']);
  expect(await page.getByTestId('refusals').count()).toBe(0);
  await page.setViewportSize({ width: 390, height: 844 });
  await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  await page.setViewportSize({ width: 1200, height: 800 });
  await page.getByTestId('choose-none').click();
  await page.getByTestId('chosen-workers').waitFor({ state: 'detached' });
});

it('turns a scheduler off and on, and forces a build of a builder', async () => {
  await start('#/schedulers');
  await live();
  const row = marked('scheduler-row', 'scheduler', 'every-commit');
  await row.getByTestId('toggle-scheduler').click();
  await row.getByText('Disabled').waitFor();
  expect(mock.world.schedulers[0]?.enabled).toBe(false);
  await row.getByTestId('toggle-scheduler').click();
  await row.getByText('Enabled').waitFor();
  await axe(page);
  const force = marked('scheduler-row', 'scheduler', 'force');
  await force.locator('summary').click();
  await force.locator('[data-testid=force-button][data-builder="linux-gcc"]').click();
  await page.locator('[data-field=branch] input').fill('nowhere');
  await page.getByTestId('force-submit').click();
  await page.getByText('There is no branch nowhere.').waitFor();
  await page.locator('[data-field=branch] input').fill('main');
  await page.getByTestId('force-submit').click();
  await page.getByTestId('forced').getByRole('link').waitFor();
});

it('shows what a listener could not deliver, and has it delivered again', async () => {
  await start('#/listeners');
  await live();
  await page.getByTestId('empty').waitFor();
  const mail = mock.world.listener('mail', 'mail');
  const build = mock.world.builds[0];
  if (!build) throw new Error('there is no build');
  const row = marked('listener-row', 'listener', 'mail');
  await row.getByText('Delivers').waitFor();
  const [first, second] = [mock.world.park(mail, build, '404 Not Found'), mock.world.park(mail, build, '410 Gone')];
  await marked('letter-row', 'letter', first.dead_letterid).getByText('404 Not Found').waitFor();
  mock.world.wait(mail, 'no answer');
  await row.getByText('no answer').waitFor();
  expect(await row.getAttribute('data-state')).toBe('waits');
  await axe(page);
  await marked('letter-row', 'letter', first.dead_letterid).getByTestId('deliver-again').click();
  await marked('letter-row', 'letter', first.dead_letterid).getByTestId('again').waitFor();
  expect(mock.world.deadLetters.map(({ again }) => again)).toEqual([true, false]);
  await row.getByTestId('all-again').click();
  await marked('letter-row', 'letter', second.dead_letterid).getByTestId('again').waitFor();
  await marked('letter-row', 'letter', second.dead_letterid).getByTestId('drop-letter').click();
  await marked('letter-row', 'letter', second.dead_letterid).waitFor({ state: 'detached' });
  expect(await row.getByTestId('letters-of').textContent()).toBe('1');
  await row.getByTestId('letters-of').click();
  await page.getByText('Dead letters of mail').waitFor();
  await page.setViewportSize({ width: 390, height: 844 });
  await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  await page.setViewportSize({ width: 1200, height: 800 });
});

it('shows the dead letters of one listener, however many others have, and goes on to older ones', async () => {
  await start('#/listeners');
  await live();
  const build = mock.world.builds[0];
  if (!build) throw new Error('there is no build');
  const [mail, chat] = [mock.world.listener('mail', 'mail'), mock.world.listener('chat', 'irc')];
  const oldest = mock.world.park(mail, build, '404 Not Found');
  const others = Array.from({ length: 201 }, () => mock.world.park(chat, build, 'banned'));
  await page.getByText('The newest 200 of 202 are shown.').waitFor();
  await marked('listener-row', 'listener', 'mail').getByTestId('letters-of').click();
  const row = marked('letter-row', 'letter', oldest.dead_letterid);
  await row.getByText('404 Not Found').waitFor();
  expect(await page.getByTestId('letter-row').count()).toBe(1);
  await page.getByText('Show those of all listeners').click();
  await page.getByText('The newest 200 of 202 are shown.').waitFor();
  for (const letter of others.slice(1).reverse()) mock.world.drop(letter);
  await row.waitFor();
  expect(await page.getByTestId('letter-row').count()).toBe(2);
});

it('forgets a listener that nobody runs, once that is said again', async () => {
  await start('#/listeners');
  await live();
  const build = mock.world.builds[0];
  if (!build) throw new Error('there is no build');
  const old = mock.world.listener('old chat', 'irc');
  const row = marked('listener-row', 'listener', 'old chat');
  await row.waitFor();
  expect(await row.getByTestId('forget-button').count()).toBe(0);
  const letter = mock.world.park(old, build, '404 Not Found');
  await marked('letter-row', 'letter', letter.dead_letterid).waitFor();
  mock.world.release(old);
  await row.getByTestId('stopped-since').waitFor();
  const dialog = page.getByTestId('forget-dialog');
  await row.getByTestId('forget-button').click();
  await dialog.getByText('one dead letter').waitFor();
  await axe(page);
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await dialog.waitFor({ state: 'detached' });
  expect(mock.world.listeners.map(({ name }) => name)).toContain('old chat');

  // Somebody runs it by now.
  await row.getByTestId('forget-button').click();
  old.held_by = 'weir listen on elsewhere';
  await page.getByTestId('forget-submit').click();
  await dialog.getByText('is held by weir listen on elsewhere').waitFor();
  old.held_by = null;
  await page.getByTestId('forget-submit').click();
  await dialog.waitFor({ state: 'detached' });
  await row.waitFor({ state: 'detached' });
  await marked('letter-row', 'letter', letter.dead_letterid).waitFor({ state: 'detached' });
  expect(mock.world.listeners.map(({ name }) => name)).not.toContain('old chat');
});

it('tells why requests wait, and lets one go first or not at all', async () => {
  await start('#/pendingbuildrequests');
  await page.getByTestId('empty').waitFor();
  await live();
  const first = mock.world.request(1, 'a change');
  const second = mock.world.request(2, 'a change');
  const row = marked('request-row', 'request', second.buildrequestid);
  await row.waitFor();
  await page.locator(`[data-testid=request-row][data-request="${first.buildrequestid}"][data-reason=ready]`).waitFor();
  await axe(page);
  await row.getByTestId('priority-button').click();
  await page.getByTestId('priority-input').fill('soon');
  await page.getByTestId('priority-submit').click();
  await page.getByText('This must be a whole number.').waitFor();
  await page.getByTestId('priority-input').fill('7');
  await page.getByTestId('priority-submit').click();
  await row.getByText('7', { exact: true }).waitFor();
  await row.getByTestId('cancel-button').click();
  await page.getByTestId('cancel-dialog-submit').click();
  await row.waitFor({ state: 'detached' });
  expect(second.complete).toBe(true);
});

it('looks through changes, and shows the builds of one as they come', async () => {
  await start('#/changes');
  await live();
  await page.locator('[data-testid=change-filter][data-filter=author]').fill('Mei');
  await expect.poll(() => page.getByTestId('change-row').count(), { timeout: 5000 }).toBe(4);
  await live();
  mock.world.change('Ada Kern <ada@example.org>', 'Not by her', ['src/flow.c']);
  const change = mock.world.change('Mei Sato <mei@example.org>', 'Let water flow <b>up</b>\n\nAnd down.', ['src/flow.c']);
  const row = marked('change-row', 'change', change.changeid);
  await row.locator('summary').click();
  expect(await page.getByText('Not by her').count()).toBe(0);
  await axe(page);
  await row.getByTestId('change-link').click();
  await marked('change', 'change', change.changeid).getByText('Let water flow <b>up</b>').waitFor();
  await page.getByText('Nothing has been built of this change yet.').waitFor();
  await live();
  const build = mock.world.start(mock.world.request(1, 'a change', [change]), 1);
  await marked('build-row', 'build', build.buildid).waitFor();
  mock.world.finish(build, 0);
  await stands(build, 'success');
  await axe(page);
});

it('has avatars beside authors that nobody else is asked for, until the reader wants none', async () => {
  const asked: string[] = [];
  const note = (request: Request): void => void asked.push(new URL(request.url()).origin);
  opened.context.on('request', note);
  await start('#/changes');
  await live();
  const change = mock.world.change('Ada Kern <kern@example.org>', 'Let water flow up', ['src/flow.c']);
  const avatar = marked('change-row', 'change', change.changeid).getByTestId('avatar');
  await avatar.and(page.locator('[data-letter=K][aria-hidden=true]')).waitFor();
  const ground = (): Promise<string> => avatar.evaluate((element) => getComputedStyle(element).backgroundColor);
  await page.emulateMedia({ colorScheme: 'light' });
  const light = await ground();
  await page.emulateMedia({ colorScheme: 'dark' });
  expect(await ground()).not.toBe(light);
  await axe(page);
  // It is no part of the name, for those who copy it or hear it.
  expect(await marked('change-row', 'change', change.changeid).locator('.who').innerText()).toBe('Ada Kern');
  await page.goto(`${url}#/changes/${change.changeid}`);
  await marked('change', 'change', change.changeid).waitFor();
  await page.locator('[data-testid=avatar][data-letter=K]').waitFor();
  await page.goto(`${url}#/console`);
  await page.locator(`[data-testid=matrix-row][data-key="${change.changeid}"] [data-testid=avatar]`).waitFor();
  await page.goto(`${url}#/settings`);
  await page.locator('[data-setting=avatars] input[value=false]').check({ force: true });
  await page.goto(`${url}#/changes`);
  await marked('change-row', 'change', change.changeid).waitFor();
  expect(await page.getByTestId('avatar').count()).toBe(0);
  await page.goto(`${url}#/settings`);
  await page.getByTestId('settings-reset').click();
  opened.context.off('request', note);
  expect([...new Set(asked)]).toEqual([new URL(url).origin]);
});

it('shows masters', async () => {
  await start('#/masters');
  await marked('master-row', 'master', 'pump:/srv/ci').getByText('Running').waitFor();
  await axe(page);
});
