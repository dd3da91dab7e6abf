import { tmpdir } from 'node:os';

import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { axe } from '../e2e/axe.ts';
import { openBrowser, type Opened } from '../e2e/browser.ts';
import { Running } from '../product/master.ts';
import { Watched } from '../product/watched.ts';
import { Buildbot } from './buildbot.ts';

/** Milliseconds that a busy master may take to answer. */
const ANSWERED = 60_000;

let buildbot: Buildbot;
let opened: Opened;
let running: Running;
/** The address of a gateway of Weir before it. */
let gateway: string;

beforeAll(async () => {
  [buildbot, opened] = await Promise.all([Buildbot.start('http://127.0.0.1:9', { ada: 'river', ben: 'gauge' }), openBrowser({ viewport: { width: 1280, height: 900 } })]);
  running = new Running(['web', '--upstream', buildbot.url, '--listen', '127.0.0.1:0'], tmpdir());
  gateway = `${await running.says(/serving (http:\/\/[\d.:]+)/)}/`;
});
afterAll(async () => {
  await Promise.allSettled([opened.close(), running.stop(), buildbot.close()]);
});

/** Signs in and out on a page at an address, which asks a site. */
async function sign(address: string, site: string): Promise<void> {
  const watched = new Watched(await opened.context.newPage());
  const { page } = watched;
  const mark = (testid: string): Locator => page.getByTestId(testid);
  const button = page.locator('[data-testid=worker-row][data-worker=upstream]').getByTestId('pause-button');
  const worker = async (): Promise<unknown> => (await buildbot.read('workers/upstream'))['workers']?.[0];
  const refused = async (): Promise<void> => {
    const { workerid } = (await worker()) as { workerid: number };
    watched.allowRefusal(`${site}api/v2/workers/${workerid}`, 403);
  };
  const fill = async (name: string, password: string): Promise<void> => {
    await mark('username-input').fill(name);
    await mark('password-input').fill(password);
    await mark('token-submit').click();
  };
  await watched.open(`${address}#/workers`);
  await mark('connection').and(page.locator('[data-state=live]')).waitFor();

  // Nobody may not; whoever signs in with a wrong password is told so at once.
  await refused();
  await button.click();
  await mark('pause-dialog-submit').click();
  await mark('sign-in-dialog').getByText("you need to have role 'admins'").waitFor();
  watched.allowRefusal(`${site}auth/login`, 401);
  await fill('ben', 'wrong');
  await mark('sign-in-error').getByText('password is wrong').waitFor();
  // One who may not either: the page says who one is, and why not.
  await refused();
  await fill('ben', 'gauge');
  await page.locator('[data-testid=sign-in][data-who=ben]').waitFor({ timeout: ANSWERED });
  await mark('sign-in-dialog').getByText("you need to have role 'admins'").waitFor();
  await mark('who').getByText('ben').first().waitFor();
  await axe(page);
  expect((await worker()) as object).toMatchObject({ paused: false });
  // One who may: what was asked for is done.
  await fill('ada', 'river');
  await page.locator('[data-testid=sign-in][data-who=ada]').waitFor({ timeout: ANSWERED });
  await button.getByText('Resume').waitFor({ timeout: ANSWERED });
  await page.reload();
  await page.locator('[data-testid=sign-in][data-who=ada]').waitFor();
  await button.click();
  await button.getByText('Pause').waitFor({ timeout: ANSWERED });

  await mark('sign-in').click();
  await mark('sign-out').click();
  await page.locator('[data-testid=sign-in]:not([data-who])').waitFor();
  await refused();
  await button.click();
  await mark('pause-dialog-submit').click();
  await mark('username-input').waitFor({ timeout: ANSWERED });
  await page.keyboard.press('Escape');
  await mark('problem').first().getByText("You need to have role 'admins'.").waitFor();
  expect(watched.problems).toEqual([]);
  await page.close();
}

it('signs in on a Buildbot master, tells who that is and why a command is refused, and signs out', async () => {
  await sign(`${buildbot.url}weir/`, buildbot.url);
});

it('signs in on a Buildbot master through a gateway', async () => {
  await sign(gateway, gateway);
});
