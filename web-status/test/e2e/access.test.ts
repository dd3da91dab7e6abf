import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';

import type { Mock } from '../mock/server.ts';
import { axe } from './axe.ts';
import { openBrowser, openMock, openPage, type Opened } from './browser.ts';
import { stops, visit } from './walk.ts';

// What the page shows is for everybody: each view as it is opened, and the dialogs that others share.
const problems: string[] = [];
let opened: Opened;
let mock: Mock;
let url: string;
let page: Page;

beforeAll(async () => {
  opened = await openBrowser({ viewport: { width: 1200, height: 800 } });
  ({ mock, url } = await openMock({ builders: 5, token: 'secret' }));
  mock.world.project('pump', 'Moves water.', mock.world.builders.slice(0, 3));
});
afterAll(async () => {
  await opened.close();
  await mock.close();
});
beforeEach(async () => {
  page = await openPage(opened.context, url, problems);
});
afterEach(async () => {
  await page.close();
  expect(problems).toEqual([]);
});

for (const stop of stops()) {
  it(`is for everybody: ${stop.hash}`, async () => {
    await visit(page, url, stop);
    await axe(page);
  }, 60_000);
}

it('is for everybody: dialogs, and what is not there', async () => {
  await page.goto(`${url}#/nothing/here`);
  await page.getByTestId('not-found').waitFor();
  await axe(page);
  await page.getByTestId('sign-in').click();
  await page.getByTestId('sign-in-dialog').waitFor();
  await axe(page);
});

it('finds what is not for everybody', async () => {
  await page.goto(`${url}#/nothing/here`);
  await page.getByTestId('not-found').waitFor();
  await page.evaluate(() => {
    const pale = document.createElement('p');
    Object.assign(pale.style, { background: '#ffffff', color: '#dddddd' });
    pale.append('pale', document.createElement('button'));
    document.querySelector('main')?.append(pale);
  });
  await expect(axe(page)).rejects.toThrow(/button-name \(light\)[^]*color-contrast \(light\)[^]*button-name \(dark\)/);
});
