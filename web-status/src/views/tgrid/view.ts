import type { View } from '../../lib/view.ts';
import { words } from '../../words/words.svelte.ts';

export const view: View = {
  name: 'tgrid',
  paths: ['tgrid'],
  nav: { text: () => words.frame.tgrid, order: 44 },
  load: () => import('./TransposedGridView.svelte'),
};
