import { existsSync, readFileSync, writeFileSync } from 'node:fs';

import { it } from 'vitest';

import { Measuring, type Figures, type Part } from './measuring.ts';
import { pagesOf, type Kind, type LongLog } from './pages.ts';
import { table } from './table.ts';

// Which server is where, what of it is measured, and where the figures are put beside those that are there already, is told by
// `cargo xtask bench web`.
const server = JSON.parse(process.env['WEB_BENCH_SERVER'] ?? 'null') as { kind: Kind; url: string; log: LongLog } | null;
const part = (process.env['WEB_BENCH_PART'] ?? 'first') as Part;
const seconds = Number(process.env['WEB_BENCH_SECONDS'] ?? 20);
const file = process.env['WEB_BENCH_TABLE'] ?? 'web.md';
/** So long events arrive at most at a page that does not stand them. */
const PATIENCE = 120;

it('measures a page', async () => {
  if (!server) throw new Error('WEB_BENCH_SERVER names no server; `cargo xtask bench web` does.');
  const known = `${file}.json`;
  const all = (existsSync(known) ? JSON.parse(readFileSync(known, 'utf8')) : {}) as Partial<Record<Kind, Figures>>;
  const { kind, url, log } = server;
  const measuring = new Measuring(pagesOf(kind, url, log), all[kind] ?? { problems: [] });
  all[kind] = await measuring.measure(part, kind === 'weir' ? seconds : Math.min(seconds, PATIENCE));
  writeFileSync(known, JSON.stringify(all));
  writeFileSync(file, table(all));
});
