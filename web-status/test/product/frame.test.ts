import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';

import { openBrowser, type Opened } from '../e2e/browser.ts';
import { Watched } from './watched.ts';

// What surrounds the views, over a real master, whose address is in `$WEIR_URL`: the demo with its builders.
let url: string;
let opened: Opened;
let watched: Watched;
let page: Page;

beforeAll(async () => {
  const given = process.env['WEIR_URL'];
  if (!given) throw new Error('WEIR_URL must hold the address of a master that runs the demo.');
  url = given.endsWith('/') ? given : `${given}/`;
  opened = await openBrowser({ viewport: { width: 1280, height: 900 } });
});
afterAll(() => opened.close());
beforeEach(async () => {
  watched = new Watched(await opened.context.newPage());
  page = watched.page;
  await watched.open(url);
});
afterEach(async () => {
  expect(watched.problems).toEqual([]);
  expect(watched.loads, 'the page is loaded once, and never again').toBe(1);
  await page.evaluate(() => localStorage.clear());
  await page.close();
});

it('tells what the master says of itself', async () => {
  await page.goto(`${url}#/about`);
  await page.locator('[data-testid=server-version][data-name=Weir]').waitFor();
  await page.locator('[data-testid=master-row][data-active=true]').waitFor();
  const count = page.locator('[data-testid=configured-count][data-list=builders]');
  await count.waitFor();
  expect(await count.textContent()).toBe('3');
  await page.locator('[data-testid=licence][data-package=svelte]').waitFor();
});

it('jumps to a builder, and to a build of it by its number', async () => {
  await page.locator('[data-testid=connection][data-state=live]').waitFor();
  await page.keyboard.press('Control+k');
  await page.getByTestId('jump-input').fill('gauge rel');
  await page.locator('[data-testid=jump-target][data-kind=builder]').getByText('gauge-release').waitFor();
  await page.keyboard.press('Enter');
  await page.locator('[data-testid=builder][data-builder="gauge-release"], [data-builder="gauge-release"]').first().waitFor();
  await page.keyboard.press('Control+k');
  await page.getByTestId('jump-input').fill('style 1');
  await page.locator('[data-testid=jump-target][data-kind=build]').getByText('style #1').waitFor();
  await page.keyboard.press('Enter');
  await page.locator('[data-testid=build][data-number="1"]').waitFor({ timeout: 60_000 });
});

it('speaks German and keeps it', async () => {
  await page.goto(`${url}#/settings`);
  await page.locator('[data-setting=language] select').selectOption('de');
  await page.locator('h1').getByText('Einstellungen').waitFor();
  await page.keyboard.press('g');
  await page.keyboard.press('k');
  await page.locator('[data-testid=nav-workers][aria-current=page]').getByText('Worker').waitFor();
});
