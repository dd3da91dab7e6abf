import type { View } from '../../lib/view.ts';
import { words } from '../../words/words.svelte.ts';

export const view: View = {
  name: 'waterfall',
  paths: ['waterfall'],
  nav: { text: () => words.waterfall.title, order: 30 },
  load: () => import('./WaterfallView.svelte'),
};
