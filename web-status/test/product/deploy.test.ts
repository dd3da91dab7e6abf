import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';

import { openBrowser, openMock, type Opened } from '../e2e/browser.ts';
import { Site } from '../e2e/site.ts';
import type { Mock } from '../mock/server.ts';
import { Master, Running, TOKEN } from './master.ts';
import { Watched } from './watched.ts';

// The page where others serve it, over a real master: from `weir web`, and from a plain server of another origin.
let opened: Opened;
let master: Master;
let site: Site;
let server: Mock;
let origin: string;
let watched: Watched;
let page: Page;

beforeAll(async () => {
  site = new Site({});
  let url: string;
  ({ mock: server, url } = await openMock({ builders: 1, prefix: '/ci', files: site.folder }));
  origin = new URL(url).origin;
  master = new Master(['--allow-origin', origin]);
  await master.start();
  site.write('config.json', JSON.stringify({ api: master.url }));
  opened = await openBrowser({ viewport: { width: 1200, height: 800 } });
}, 120_000);
afterAll(async () => {
  await opened.close();
  await server.close();
  await master.end();
  site.remove();
});
beforeEach(async () => {
  watched = new Watched(await opened.context.newPage());
  page = watched.page;
});
afterEach(async () => {
  expect(watched.problems).toEqual([]);
  await page.close();
});

/** Looks at a builder whose build is forced with a token, and sees it end. */
async function build(url: string, api: string): Promise<void> {
  await watched.open(url);
  await page.goto(`${url}#/builders/1`);
  await page.locator('[data-testid=connection][data-state=live]').waitFor();
  await page.getByTestId('force-button').first().click();
  watched.allowRefusal(`${api}api/v2/forceschedulers/force`, 403);
  await page.getByTestId('force-submit').click();
  const dialog = page.getByTestId('sign-in-dialog');
  await dialog.waitFor();
  // Where the API is the page's own site there are name and password first.
  if ((await dialog.locator('summary').count()) > 0) await dialog.locator('summary').click();
  await page.getByTestId('token-input').fill(TOKEN);
  await page.getByTestId('token-submit').click();
  await page.getByTestId('forced-build').click({ timeout: 60_000 });
  await page.locator('[data-testid=build-state][data-status=success]').waitFor({ timeout: 60_000 });
  expect(watched.loads).toBe(1);
}

it('shows and builds from a plain server of another origin, with a token', async () => {
  await build(`${origin}/ci/`, master.url);
  const asked = watched.requests.map((request) => request.url());
  expect(asked.filter((url) => !url.startsWith(`${origin}/ci/`) && !url.startsWith(master.url) && !url.startsWith('data:'))).toEqual([]);
  expect(asked.filter((url) => url.startsWith(origin) && /\/(api|sse)\//.test(url))).toEqual([]);
});

it('shows and builds inside a gateway', async () => {
  const gateway = new Running(['web', '--upstream', master.url.replace(/^http/, 'grpc'), '--listen', '127.0.0.1:0'], master.folder);
  try {
    const url = `${(await gateway.says(/(http:\/\/127\.0\.0\.1:\d+)/)).replace(/\/$/, '')}/`;
    await build(url, url);
    const asked = watched.requests.map((request) => request.url());
    expect(asked.filter((one) => !one.startsWith(url) && !one.startsWith('data:'))).toEqual([]);
  } finally {
    await gateway.stop();
  }
});
