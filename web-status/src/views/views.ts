import type { View } from '../lib/view.ts';

const found = import.meta.glob<{ view: View }>('./*/view.ts', { eager: true });

/** All views of this folder. */
export const views: readonly View[] = Object.values(found).map(({ view }) => view);
