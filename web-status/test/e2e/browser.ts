import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { chromium, type BrowserContext, type BrowserContextOptions, type Page } from 'playwright-core';

import { Mock, type MockOptions } from '../mock/server.ts';

const DIST = join(import.meta.dirname, '../../dist');
const QUIET = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
];

/** A browser with a profile of its own. */
export interface Opened {
  context: BrowserContext;
  close(): Promise<void>;
}

/** Starts Chromium without a window, from `$CHROMIUM` or where Debian has it. */
export async function openBrowser(options: BrowserContextOptions = {}): Promise<Opened> {
  const profile = mkdtempSync(join(tmpdir(), 'web-status-'));
  const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
  const context = await chromium.launchPersistentContext(profile, { executablePath, headless: true, args: QUIET, ...options });
  return {
    context,
    close: async () => {
      await context.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}

/** Starts a mock master that serves the built page below a path prefix. */
export async function openMock(options: MockOptions = {}): Promise<{ mock: Mock; url: string }> {
  const mock = new Mock({ prefix: '/ci/weir', files: DIST, ...options });
  return { mock, url: await mock.listen() };
}

/** A page that fails the test where its script fails; `before` prepares it. */
export async function openPage(context: BrowserContext, url: string, problems: string[], before?: (page: Page) => Promise<void>): Promise<Page> {
  const page = await context.newPage();
  page.on('pageerror', (error) => problems.push(String(error)));
  await before?.(page);
  await page.goto(url);
  return page;
}
