import { admit, type Outside } from '../lib/outside.ts';
import type { View } from '../lib/view.ts';

const found = import.meta.glob<{ view: View }>('./*/view.ts', { eager: true });

const all: View[] = Object.values(found).map(({ view }) => view);

/** All views: those of this folder, and those from outside. */
export const views: readonly View[] = all;

/** Adds views from outside; before the page is shown. */
export function addViews(outside: readonly Outside[]): void {
  all.splice(0, all.length, ...admit(all, outside));
}
