import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';

import type { Mock } from '../mock/server.ts';
import { openBrowser, openMock, openPage, type Opened } from './browser.ts';
import { FRAME, looks, MOMENT, still } from './looks.ts';
import { visit } from './walk.ts';

// How grids and the console look, over a small world in which it is always the same moment.
const problems: string[] = [];
let opened: Opened;
let mock: Mock;
let url: string;
let page: Page;

beforeAll(async () => {
  opened = await openBrowser(FRAME);
  ({ mock, url } = await openMock({ builders: 5, now: MOMENT / 1000 }));
  const { world } = mock;
  world.start(world.request(2, 'a change'), 1, {}, world.now() - 40);
  world.request(1, 'a change', undefined, world.now() - 20);
});
afterAll(async () => {
  await opened.close();
  await mock.close();
});
beforeEach(async () => {
  page = await openPage(opened.context, url, problems, still);
});
afterEach(async () => {
  await page.close();
  expect(problems).toEqual([]);
});

for (const view of ['grid', 'tgrid', 'console']) {
  it(`looks as it should: ${view}`, async () => {
    await visit(page, url, { view, hash: `#/${view}` });
    await page.locator('[data-testid=connection][data-state=live]').waitFor();
    await looks(page, view);
  }, 60_000);
}
