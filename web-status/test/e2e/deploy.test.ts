import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';

import type { Mock } from '../mock/server.ts';
import { Watched } from '../product/watched.ts';
import { openBrowser, openMock, type Opened } from './browser.ts';
import { DIST, Site } from './site.ts';
import { stops, visit } from './walk.ts';

// The page from a plain static server, below a path prefix, over an API of another origin: nothing comes from elsewhere, and
// its policy forbids that it does.
let opened: Opened;
let api: Mock;
let apiUrl: string;
let server: Mock;
let siteUrl: string;
let site: Site;
let watched: Watched;
let page: Page;

beforeAll(async () => {
  opened = await openBrowser({ viewport: { width: 1200, height: 800 } });
});
afterAll(() => opened.close());
afterEach(async () => {
  await page.close();
  await server.close();
  await api.close();
  site.remove();
});

async function open(): Promise<void> {
  const allowed: string[] = [];
  ({ mock: api, url: apiUrl } = await openMock({ builders: 5, token: 'secret', prefix: '/master', allowed }));
  api.world.project('pump', 'Moves water.', api.world.builders.slice(0, 3));
  site = new Site({ api: apiUrl });
  ({ mock: server, url: siteUrl } = await openMock({ builders: 1, prefix: '/deep/er', files: site.folder }));
  // To the browser this is another site, not only another port of the same.
  siteUrl = siteUrl.replace('127.0.0.1', 'localhost');
  allowed.push(new URL(siteUrl).origin);
  watched = new Watched(await opened.context.newPage());
  page = watched.page;
  await watched.open(siteUrl);
}

/** What went wrong, but for what the mock master does not have. */
const problems = (): string[] => watched.problems.filter((text) => !text.includes('status of 404'));

it('works below a path, over the API of another origin, and asks nobody else', async () => {
  await open();
  for (const stop of stops()) await visit(page, siteUrl, stop);
  expect(problems()).toEqual([]);
  const asked = watched.requests.map((request) => request.url());
  expect(asked.filter((url) => !url.startsWith(siteUrl) && !url.startsWith(apiUrl) && !url.startsWith('data:'))).toEqual([]);
  // The API is at its own address only, and the page's files at theirs.
  expect(asked.filter((url) => url.startsWith(siteUrl) && /\/(api|sse)\//.test(url))).toEqual([]);
  expect(asked.filter((url) => url.startsWith(`${apiUrl}sse/`)).length).toBeGreaterThan(0);
  expect(watched.loads).toBe(1);
  // The policy is not only there, it holds.
  const forbidden = await page.evaluate(async () => {
    const seen: string[] = [];
    addEventListener('securitypolicyviolation', (event) => seen.push(event.effectiveDirective));
    await fetch('http://127.0.0.1:9/').catch(() => undefined);
    const script = document.createElement('script');
    script.textContent = 'window.run = true';
    document.body.append(script);
    const image = new Image();
    image.src = 'http://127.0.0.1:9/spy.png';
    await new Promise((resolve) => (image.onerror = resolve));
    return { seen, run: 'run' in window };
  });
  expect(forbidden).toEqual({ seen: ['connect-src', 'script-src-elem', 'img-src'], run: false });
}, 120_000);

it('sends its token to the API of another origin, and to nobody else', async () => {
  await open();
  const build = api.world.start(api.world.request(1, 'a change'), 1);
  await page.goto(`${siteUrl}#/builders/1/builds/${build.number}`);
  await page.getByTestId('stop-button').click();
  watched.allowRefusal(`${apiUrl}api/v2/builds/${build.buildid}`, 403);
  await page.getByTestId('stop-dialog-submit').click();
  await page.getByTestId('token-input').fill('secret');
  const sent = page.waitForRequest((request) => request.headers()['authorization'] === 'Bearer secret');
  await page.getByTestId('token-submit').click();
  expect((await sent).url().startsWith(apiUrl)).toBe(true);
  await page.getByTestId('sign-in-dialog').waitFor({ state: 'detached' });
  await page.getByTestId('stop-dialog').waitFor({ state: 'detached' });
  expect(watched.requests.filter((request) => request.url().startsWith(siteUrl) && request.headers()['authorization'] !== undefined)).toEqual([]);
  expect(problems()).toEqual([]);
});

it('is made of files of its own, without a script in its page', () => {
  const files = readdirSync(DIST, { recursive: true, encoding: 'utf8' }).filter((name) => statSync(join(DIST, name)).isFile());
  const page = readFileSync(join(DIST, 'index.html'), 'utf8');
  for (const [, values = '', text = ''] of page.matchAll(/<script([^>]*)>([^]*?)<\/script>/g)) {
    expect(values).toContain('src="./');
    expect(text.trim()).toBe('');
  }
  expect(page).not.toMatch(/\son\w+=|javascript:|<style/);
  for (const [, address = ''] of page.matchAll(/(?:src|href)="([^"]*)"/g)) expect(address).toMatch(/^\.\//);
  // Fonts, pictures and styles would be fetched by these.
  for (const name of files.filter((one) => one.endsWith('.css'))) expect(readFileSync(join(DIST, name), 'utf8')).not.toMatch(/url\((?!["']?(?:data:|#|\.))|@import/);
});
