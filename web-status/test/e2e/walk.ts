import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Page } from 'playwright-core';

const VIEWS = join(import.meta.dirname, '../../src/views');

/** A view and an address of it. */
export interface Stop {
  view: string;
  /** Its address behind the page's, such as `#/builders/1`. */
  hash: string;
}

/** What the words of a view's pattern become, where not a 1. */
const WORDS: Record<string, string> = { ':slug': 'stdio', ':name': 'force', ':scheduler': 'force' };

/** Every address of every view, as its folder has them: a new view is among them by itself. */
export function stops(): Stop[] {
  return readdirSync(VIEWS, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => {
      const [, paths = ''] = /paths: \[([^\]]*)\]/.exec(readFileSync(join(VIEWS, name, 'view.ts'), 'utf8')) ?? [];
      return [...paths.matchAll(/'([^']+)'/g)].map(([, path = ''], at) => ({ view: at === 0 ? name : `${name}-${at + 1}`, hash: `#/${fill(path)}` }));
    });
}

function fill(path: string): string {
  return path.split('/').map((word) => (/^[:#]/.test(word) ? (WORDS[word] ?? '1') : word)).join('/');
}

/** Goes to a view, and waits until it shows what it has; fails where that is trouble instead. */
export async function visit(page: Page, url: string, stop: Stop): Promise<void> {
  await page.goto(`${url}${stop.hash}`);
  await page.locator('main h1').first().waitFor();
  await page.locator('main [aria-busy=true]').first().waitFor({ state: 'detached' });
  const trouble = page.locator('main').locator('[data-testid=missing], [data-testid=error], [data-testid=unreachable], [data-testid=refused], [data-testid=problem], [data-testid=broken], [data-testid=not-found]');
  if ((await trouble.count()) > 0) throw new Error(`${stop.hash}: ${await trouble.first().textContent()}`);
}
