import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';

import type { Mock } from '../mock/server.ts';
import { axe } from './axe.ts';
import { openBrowser, openMock, openPage, type Opened } from './browser.ts';
import { EXAMPLES, Site } from './site.ts';

// Views and themes that a deployment adds to the built page by its `config.json`.
let opened: Opened;
let mock: Mock;
let url: string;
let page: Page;
let site: Site;
let problems: string[] = [];

beforeAll(async () => {
  opened = await openBrowser({ viewport: { width: 1200, height: 800 } });
});
afterAll(() => opened.close());
afterEach(async () => {
  await page.close();
  await mock.close();
  site.remove();
});

/** Opens the page with a configuration of its own, and what `add` puts beside it. */
async function open(config: object, add: (site: Site) => void): Promise<void> {
  site = new Site(config);
  add(site);
  problems = [];
  ({ mock, url } = await openMock({ builders: 5, files: site.folder }));
  page = await openPage(opened.context, url, problems);
}
const tile = (name: string): Locator => page.locator(`[data-testid=pulse-tile][data-builder="${name}"]`);
const live = (): Promise<void> => page.locator('[data-testid=connection][data-state=live]').waitFor();

it('shows the example view as it is told by config.json, live', async () => {
  const config = JSON.parse(readFileSync(join(EXAMPLES, 'config.json'), 'utf8')) as object;
  await open(config, (made) => {
    made.add('pulse', 'views/pulse');
    made.add('themes', 'themes');
  });
  await page.getByTestId('nav-pulse').click();
  await tile('linux-gcc').waitFor();
  expect(await page.getByTestId('pulse-tile').count()).toBe(5);
  await live();
  await axe(page);
  const build = mock.world.start(mock.world.request(1, 'a change'), 1);
  await tile('linux-gcc').and(page.locator('[data-running=true]')).waitFor();
  await page.getByTestId('pulse-counts').getByText('1 running').waitFor();
  mock.world.finish(build, 2);
  await tile('linux-gcc').and(page.locator('[data-running=false][data-status=failure]')).waitFor();
  // Another query of the same address: what was drawn stays.
  await page.getByTestId('pulse').evaluate((element) => element.setAttribute('data-drawn', 'once'));
  await page.evaluate(() => void (location.hash = '#/pulse?tag=linux'));
  await tile('macos-arm64').waitFor({ state: 'detached' });
  expect(await page.getByTestId('pulse').getAttribute('data-drawn')).toBe('once');
  await page.getByTestId('pulse-full').click();
  await page.getByTestId('nav-pulse').waitFor({ state: 'hidden' });
  await page.getByTestId('pulse-full').click();
  await page.getByTestId('nav-pulse').waitFor();
  expect(await page.evaluate(() => getComputedStyle(document.documentElement).getPropertyValue('--bg'))).toContain('#f6f1e7');
  await tile('linux-gcc').getByRole('link').click();
  await page.getByTestId('builder').waitFor();
  expect(await page.getByTestId('outside-view').count()).toBe(0);
  expect(problems).toEqual([]);
});

it('shows what is wrong with a view in its own place, and the others as ever', async () => {
  const views = ['gone', 'later', 'thrown', 'spoilt', 'old'].map((name) => `./views/${name}.js`);
  const view = (name: string, mount: string): string =>
    `export default { version: 1, name: '${name}', paths: ['${name}'], nav: { text: '${name}' }, load: async () => ({ mount: ${mount} }) };`;
  await open({ views, theme: './gone.css' }, (made) => {
    made.write('views/later.js', view('later', '(target, { fail }) => { target.append("drawn"); setTimeout(() => fail(new Error("it broke later"))); }'));
    made.write('views/thrown.js', view('thrown', '() => { throw new Error("it broke at once"); }'));
    made.write('views/spoilt.js', 'export default {');
    made.write('views/old.js', 'export default { version: 0 };');
  });
  await page.locator('main h1').waitFor();
  for (const [name, text] of [['gone', 'views/gone.js'], ['spoilt', 'views/spoilt.js'], ['old', 'version 0']] as const) {
    await page.goto(`${url}#/${name}`);
    await page.getByTestId('load-failed').getByText(text).waitFor();
  }
  await page.goto(`${url}#/later`);
  await page.getByTestId('view-failed').getByText('It broke later').waitFor();
  await page.goto(`${url}#/thrown`);
  await page.getByTestId('view-failed').getByText('It broke at once').waitFor();
  await page.goto(`${url}#/builders`);
  await page.getByTestId('builder-row').first().waitFor();
  await live();
  expect(problems).toEqual(['Error: it broke at once']);
});
