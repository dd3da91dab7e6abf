import axeCore, { type NodeResult, type Result, type RunOptions } from 'axe-core';
import type { Page } from 'playwright-core';

/** Everything that WCAG asks for on its levels A and AA, in all its versions. */
const WANTED: RunOptions = {
  runOnly: { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] },
  resultTypes: ['violations'],
};
/** Of one rule, so many elements are told: the rest is mostly the same again. */
const TOLD = 5;

/** Fails with what WCAG 2.2 AA forbids of what the page shows now, in the light and in the dark theme. */
export async function axe(page: Page): Promise<void> {
  const found: string[] = [];
  for (const colorScheme of ['light', 'dark'] as const) {
    // Nothing in between: a colour that fades in is not the one that stays.
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    for (const violation of await violations(page)) found.push(describe(violation, colorScheme));
  }
  await page.emulateMedia({ colorScheme: null, reducedMotion: null });
  if (found.length > 0) throw new Error(`${page.url()} is not accessible to all.\n${found.join('\n')}`);
}

async function violations(page: Page): Promise<Result[]> {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axeCore.source);
  return page.evaluate(async (wanted) => (await (window as unknown as { axe: typeof axeCore }).axe.run(wanted)).violations, WANTED);
}

function describe({ id, help, helpUrl, nodes }: Result, theme: string): string {
  const rest = nodes.length > TOLD ? [`  and ${nodes.length - TOLD} more`] : [];
  return [`${id} (${theme}): ${help}, see ${helpUrl}`, ...nodes.slice(0, TOLD).map(node), ...rest].join('\n');
}

function node({ target, html, failureSummary }: NodeResult): string {
  const why = (failureSummary ?? '').split('\n').slice(1).map((line) => `    ${line.trim()}`);
  return [`  ${target.join(' ')}  ${html.slice(0, 160)}`, ...why].join('\n');
}
