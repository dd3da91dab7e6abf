import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Page } from 'playwright-core';
import { PNG } from 'pngjs';

import { difference, differences } from './pictures.ts';

const KEPT = join(import.meta.dirname, 'screens');
const OUT = join(import.meta.dirname, 'out');
/** Which part of a picture may be otherwise. */
const TOLERANCE = 0.004;
/** Milliseconds that a page is given to come to look as it should. */
const PATIENCE = 5000;

/** The moment that it is in pictures: midday in UTC. */
export const MOMENT = Date.UTC(2026, 8, 14, 12, 0, 0);
/** What a browser has to be for pictures: small, and with everything that differs between machines set. */
export const FRAME = { viewport: { width: 860, height: 620 }, timezoneId: 'UTC', locale: 'en-GB', reducedMotion: 'reduce' } as const;

/** How much of a view is kept, in pixels from its top. */
const HEIGHT = 500;

/** Holds the page's clock, and takes a font that each machine with a browser of Debian's has. Before the page is opened. */
export async function still(page: Page): Promise<void> {
  await page.clock.setFixedTime(MOMENT);
  await page.addInitScript(() => {
    const one = new CSSStyleSheet();
    one.replaceSync("* { font-family: 'DejaVu Sans', sans-serif !important; scrollbar-width: none; }");
    document.adoptedStyleSheets.push(one);
  });
}

/**
 * Compares what the page shows, in both themes, with the pictures that are kept in `test/e2e/screens`. With `SCREENS=update`
 * keeps what it shows now.
 */
export async function looks(page: Page, name: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await compare(page, `${name}-${colorScheme}.png`);
  }
  await page.emulateMedia({ colorScheme: null });
}

async function compare(page: Page, file: string): Promise<void> {
  if (process.env['SCREENS'] === 'update') {
    mkdirSync(KEPT, { recursive: true });
    // A page that draws by itself has done so after two frames.
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    return writeFileSync(join(KEPT, file), small(await shot(page)));
  }
  const kept = keptPicture(file);
  const end = Date.now() + PATIENCE;
  for (;;) {
    const seen = await shot(page);
    const part = kept ? difference(kept, seen) : 1;
    if (part <= TOLERANCE) return;
    if (kept && Date.now() < end) continue;
    mkdirSync(OUT, { recursive: true });
    writeFileSync(join(OUT, file), PNG.sync.write(seen));
    if (kept) writeFileSync(join(OUT, `difference-${file}`), PNG.sync.write(differences(kept, seen)));
    const what = kept ? `${(part * 100).toFixed(1)} % of it are not as` : 'there is no picture of it';
    throw new Error(`${file}: ${what} in test/e2e/screens; what was seen is in test/e2e/out. If that is good, keep it with SCREENS=update npm run test:e2e.`);
  }
}

function keptPicture(file: string): PNG | undefined {
  try {
    return PNG.sync.read(readFileSync(join(KEPT, file)));
  } catch {
    return undefined;
  }
}

/** A picture of the view, without what is around it. */
async function shot(page: Page): Promise<PNG> {
  const box = await page.locator('main').boundingBox();
  const clip = { x: 0, y: Math.round(box?.y ?? 0), width: FRAME.viewport.width, height: HEIGHT };
  return PNG.sync.read(await page.screenshot({ animations: 'disabled', caret: 'hide', clip }));
}

/** The file of a picture, with fewer colours than the eye or the comparison can tell. */
function small(picture: PNG): Buffer {
  for (let at = 0; at < picture.data.length; at++) picture.data[at] = Math.min(255, Math.round((picture.data[at] ?? 0) / 8) * 8);
  return PNG.sync.write(picture, { deflateLevel: 9, deflateStrategy: 0, colorType: 2, filterType: 0 });
}
