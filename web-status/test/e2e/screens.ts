import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';

import type { Mock } from '../mock/server.ts';
import { openBrowser, openMock, openPage } from './browser.ts';
import { failure, TOLD } from './failure.ts';
import { MOMENT } from './looks.ts';
import { morning } from './morning.ts';
import { stops, visit, type Stop } from './walk.ts';

// Takes pictures of all views, in both themes and sizes, to be looked at: `npm run screens`, then test/e2e/out/; of some views
// with `VIEWS=grid,console`. A handful of them is kept for the documentation.
const OUT = join(import.meta.dirname, 'out');
const DOCS = join(import.meta.dirname, '../../../docs/src/images');
const SIZES = { desktop: { width: 1360, height: 860 }, phone: { width: 390, height: 844 } };
/** Pictures for the documentation, by what they are taken as. */
const KEPT: Record<string, string> = {
  'home-desktop-light': 'home', 'builders-desktop-dark': 'builders', 'failed-desktop-light': 'build', 'failed-log-desktop-dark': 'log', 'waterfall-desktop-light': 'waterfall',
  'grid-desktop-light': 'grid', 'console-desktop-dark': 'console', 'failed-phone-dark': 'build-phone', 'home-phone-light': 'home-phone',
};
let mock: Mock;
let url: string;
let all: Stop[];
const problems: string[] = [];

beforeAll(async () => {
  mkdirSync(OUT, { recursive: true });
  ({ mock, url } = await openMock({ builders: 14, now: MOMENT / 1000, token: 'secret' }));
  const { world } = mock;
  world.project('pump', 'Moves water.', world.builders.slice(0, 3));
  morning(world);
  const failed = failure(world, 11, world.now() - 240);
  const running = world.start(world.request(2, 'A change on branch main'), 1, {}, world.now() - 90);
  world.append(world.log(world.step(running, 'compile', world.now() - 80), 'stdio'), 'hmake all', 'o[ 12%] CC src/pump.c');
  world.request(1, 'A change on branch main', undefined, world.now() - 400);
  const of = (build = running): string => `#/builders/${build.builderid}/builds/${build.number}`;
  all = [...stops(), { view: 'failed', hash: of(failed) }, { view: 'failed-log', hash: `${of(failed)}/steps/3/logs/stdio#L${TOLD}-L${TOLD + 1}` }, { view: 'running', hash: of() }];
  const wanted = process.env['VIEWS']?.split(',');
  if (wanted) all = all.filter(({ view }) => wanted.includes(view));
});
afterAll(async () => {
  await mock.close();
  expect(problems).toEqual([]);
});

for (const size of ['desktop', 'phone'] as const) {
  for (const colorScheme of ['light', 'dark'] as const) {
    it(`${size} ${colorScheme}`, async () => {
      const opened = await openBrowser({ viewport: SIZES[size], colorScheme, timezoneId: 'UTC', locale: 'en-GB', reducedMotion: 'reduce' });
      const page = await openPage(opened.context, url, problems, (one) => one.clock.setFixedTime(MOMENT));
      for (const stop of all) {
        await visit(page, url, stop);
        // What is drawn, and what is read once that is in sight.
        await page.waitForTimeout(700);
        await take(page, `${stop.view}-${size}-${colorScheme}`);
      }
      await opened.close();
    }, 300_000);
  }
}

/** Takes a picture; WebP is a fifth of what PNG is. */
async function take(page: Page, name: string): Promise<void> {
  const browser = await page.context().newCDPSession(page);
  const { data } = await browser.send('Page.captureScreenshot', { format: 'webp', quality: 72 });
  await browser.detach();
  writeFileSync(join(OUT, `${name}.webp`), Buffer.from(data, 'base64'));
  await page.screenshot({ path: join(OUT, `${name}.png`) });
  const kept = KEPT[name];
  if (kept) writeFileSync(join(DOCS, `${kept}.webp`), Buffer.from(data, 'base64'));
}
