import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, it } from 'vitest';

import type { Mock } from '../mock/server.ts';
import { openBrowser, openMock, openPage, type Opened } from './browser.ts';

// Takes pictures of all views, to be looked at: `npm run screens`, then test/e2e/out/.
const OUT = join(import.meta.dirname, 'out');
const SIZES = { desktop: { width: 1360, height: 860 }, phone: { width: 390, height: 844 } };
let mock: Mock;
let url: string;
let opened: Opened;
const problems: string[] = [];

beforeAll(async () => {
  mkdirSync(OUT, { recursive: true });
  ({ mock, url } = await openMock({ builders: 14, pace: 40, token: 'secret' }));
});
afterAll(async () => {
  await opened.close();
  await mock.close();
  expect(problems).toEqual([]);
});

for (const size of ['desktop', 'phone'] as const) {
  for (const scheme of ['light', 'dark'] as const) {
    it(`${size} ${scheme}`, async () => {
      opened = await openBrowser({ viewport: SIZES[size], colorScheme: scheme });
      const page = await openPage(opened.context, `${url}#/builders`, problems);
      const shot = (name: string): Promise<unknown> => page.screenshot({ path: join(OUT, `${name}-${size}-${scheme}.png`) });
      mock.commit();
      await page.getByTestId('builder-row').first().waitFor();
      await page.waitForTimeout(900);
      await shot('builders');
      await page.goto(`${url}#/builders/3`);
      await page.getByTestId('build-row').first().waitFor();
      await shot('builder');
      await page.getByTestId('force-button').click();
      await page.getByTestId('force-field').first().waitFor();
      await page.locator('[data-field=reason] input').fill('');
      await page.getByTestId('force-submit').click();
      await shot('force');
      await page.keyboard.press('Escape');
      const running = mock.world.builds.findLast((build) => !build.complete);
      await page.goto(`${url}#/builders/${running?.builderid}/builds/${running?.number}`);
      await page.getByTestId('log-line').nth(12).waitFor();
      await shot('build-running');
      await page.getByTestId('stop-button').click();
      await page.getByTestId('stop-dialog-submit').click();
      await page.getByTestId('sign-in-dialog').waitFor();
      await shot('sign-in');
      const failed = mock.world.builds.find((build) => build.results === 2);
      await page.goto(`${url}#/builders/${failed?.builderid}/builds/${failed?.number}`);
      await page.keyboard.press('Escape');
      await page.getByTestId('step-row').first().waitFor();
      await page.waitForTimeout(300);
      await shot('build-failed');
      await page.goto(`${url}#/builders/${failed?.builderid}/builds/${failed?.number}/steps/2/logs/stdio#L500-L504`);
      await page.locator('[data-line="500"]').waitFor();
      await page.waitForTimeout(300);
      await shot('log');
      await page.goto(`${url}#/workers`);
      await page.getByTestId('worker-row').first().waitFor();
      await shot('workers');
      await page.goto(`${url}#/changes`);
      await page.getByTestId('change-row').nth(1).locator('summary').click();
      await shot('changes');
      await page.goto(`${url}#/nothing/here`);
      await page.getByTestId('not-found').waitFor();
      await shot('not-found');
      mock.down = true;
      await page.goto(`${url}#/workers`);
      await page.getByTestId('unreachable').waitFor();
      await shot('unreachable');
      mock.down = false;
      await opened.close();
    });
  }
}
