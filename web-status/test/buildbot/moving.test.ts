import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { openBrowser, type Opened } from '../e2e/browser.ts';
import { Running } from '../product/master.ts';
import { Watched } from '../product/watched.ts';
import { Buildbot } from './buildbot.ts';

/** Milliseconds that builds may take, on a machine that is busy. */
const BUILT = 90_000;

const folder = mkdtempSync(join(tmpdir(), 'web-status-moved-'));
const running: Running[] = [];
let buildbot: Buildbot;
let opened: Opened;

beforeAll(async () => {
  [buildbot, opened] = await Promise.all([Buildbot.start('http://127.0.0.1:9', {}, true), openBrowser({ viewport: { width: 1280, height: 900 } })]);
});
afterAll(async () => {
  await Promise.allSettled(running.reverse().map((one) => one.stop()));
  await Promise.allSettled([opened.close(), buildbot.close()]);
  rmSync(folder, { recursive: true, force: true });
});

function start(...words: string[]): Running {
  const one = new Running(words, folder, buildbot.environment);
  running.push(one);
  return one;
}

/** A command that does something and ends. */
async function weir(...words: string[]): Promise<string> {
  const one = start(...words);
  expect(await one.end(), one.said).toBe(0);
  return one.said;
}

it('makes a running Weir of a master’s folder, with its history, in three commands', async () => {
  buildbot.worker();
  await buildbot.change('bad1', 'Make the mean faster');
  const built = async (): Promise<unknown> => (await buildbot.read('builds?complete=true'))['builds']?.length;
  await expect.poll(built, { timeout: BUILT }).toBe(2);
  const { builders = [] } = await buildbot.read('builders');
  const idOf = (name: string): number => Number(builders.find((one) => one['name'] === name)?.['builderid']);
  const id = idOf('gauge');
  await buildbot.force(idOf('gauge-far'));
  await expect.poll(built, { timeout: BUILT }).toBe(3);
  await buildbot.down();

  expect(await weir('import-buildbot', '--from', buildbot.master, '--data', 'data')).toContain('holds 3 builds');
  await weir('convert', join(buildbot.master, 'master.cfg'));
  const master = start('master', '--data', 'data', '--listen', '127.0.0.1:0');
  const url = await master.says(/the master serves (http:\/\/[\d.:]+)/);

  // A link of before shows the same build and log.
  const watched = new Watched(await opened.context.newPage());
  const { page } = watched;
  const marked = (testid: string, data = ''): Locator => page.locator(`[data-testid=${testid}]${data}`);
  await watched.open(`${url}/#/builders/${id}/builds/1`);
  await marked('build-state', '[data-status=failure]').waitFor();
  await page.getByText('Make the mean faster').first().waitFor();
  await page.goto(`${url}/#/builders/${id}/builds/1/steps/2/logs/stdio`);
  await marked('log-line', '[data-stream=o]').filter({ hasText: 'the mean is wrong' }).waitFor();

  // Its workers are Weir's, with the tokens that were made for them; the next build has the next number.
  for (const name of ['upstream', 'downstream']) start('worker', '--name', name, '--master', url, '--token-file', `${name}.token`, '--dir', name);
  await page.goto(`${url}/#/builders/${id}`);
  await marked('force-button').first().click();
  await marked('force-submit').click();
  await marked('forced-build').click({ timeout: BUILT });
  await marked('build-state', '[data-status=success]').waitFor({ timeout: BUILT });
  expect(page.url()).toContain(`builders/${id}/builds/2`);

  // A worker of Buildbot's comes back by itself, as it is, and goes on building.
  const far = `#/builders/${idOf('gauge-far')}`;
  await page.goto(`${url}/${far}/builds/1`);
  await marked('build-state', '[data-status=success]').waitFor();
  await page.goto(`${url}/${far}`);
  await marked('force-button').first().click();
  await marked('force-submit').click();
  await marked('forced-build').click({ timeout: BUILT });
  await marked('build-state', '[data-status=success]').waitFor({ timeout: BUILT });
  expect(page.url()).toContain(`${far}/builds/2`);
  expect(watched.problems).toEqual([]);
});
