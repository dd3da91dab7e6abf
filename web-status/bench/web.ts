import { writeFileSync } from 'node:fs';

import { it } from 'vitest';

import { Measuring, type Figures } from './measuring.ts';
import { pagesOf, type Kind, type LongLog } from './pages.ts';
import { table } from './table.ts';

// Where the servers are, how long events arrive, and where the table is put, is told by `cargo xtask bench web`.
const servers = JSON.parse(process.env['WEB_BENCH_SERVERS'] ?? '[]') as { kind: Kind; url: string; log: LongLog }[];
const seconds = Number(process.env['WEB_BENCH_SECONDS'] ?? 20);
const file = process.env['WEB_BENCH_TABLE'] ?? 'web.md';
/** So long events arrive at most at a page that does not stand them. */
const PATIENCE = 120;

it('measures the pages', async () => {
  if (servers.length === 0) throw new Error('WEB_BENCH_SERVERS names no server; `cargo xtask bench web` does.');
  const all: Partial<Record<Kind, Figures>> = {};
  for (const { kind, url, log } of servers) {
    const measuring = new Measuring(pagesOf(kind, url, log));
    all[kind] = await measuring.all(kind === 'weir' ? seconds : Math.min(seconds, PATIENCE));
    // What is known so far stands, also if the rest is broken off.
    writeFileSync(file, table(all));
  }
});
