import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { openBrowser, type Opened } from '../e2e/browser.ts';
import { Watched } from './watched.ts';

// The log of a build that fails, of a real master, whose address is in `$WEIR_URL`.
let opened: Opened;
let page: Page;
let watched: Watched;
let url: string;

beforeAll(async () => {
  const given = process.env['WEIR_URL'];
  if (!given) throw new Error('WEIR_URL must hold the address of a master that runs the demo.');
  url = given.endsWith('/') ? given : `${given}/`;
  opened = await openBrowser({ viewport: { width: 1280, height: 900 } });
  watched = new Watched(await opened.context.newPage());
  page = watched.page;
});
afterAll(() => opened.close());

/** The address of the first log of a step that failed. */
async function failed(): Promise<string> {
  const read = async (path: string): Promise<Record<string, Record<string, unknown>[]>> => (await (await fetch(`${url}api/v2/${path}`)).json()) as Record<string, Record<string, unknown>[]>;
  for (let tries = 0; ; tries++) {
    const steps = (await read('steps?results=2&complete=true&order=stepid'))['steps'] ?? [];
    for (const step of steps) {
      const [log] = (await read(`steps/${step['stepid']}/logs`))['logs'] ?? [];
      const [build] = (await read(`builds/${step['buildid']}`))['builds'] ?? [];
      if (log && build) return `#/builders/${build['builderid']}/builds/${build['number']}/steps/${step['number']}/logs/${log['slug']}`;
    }
    if (tries > 120) throw new Error('No step of the demo fails.');
    await page.waitForTimeout(500);
  }
}

it('finds what failed, and what is looked for', async () => {
  await watched.open(url);
  await page.goto(url + (await failed()));
  await page.getByTestId('log-line').first().waitFor();
  await page.locator('[data-testid=log-problems][data-going=false]').waitFor();
  expect(Number(await page.getByTestId('log-problems').getAttribute('data-errors'))).toBeGreaterThan(0);
  await page.getByRole('log').focus();
  await page.keyboard.press('e');
  await page.locator('[data-testid=log-line][data-problem=error]').first().waitFor();
  await page.keyboard.press('/');
  await page.keyboard.type('exit code');
  await page.locator('[data-testid=log-line][data-current=true] mark').first().waitFor();
  expect(watched.problems).toEqual([]);
}, 90_000);
