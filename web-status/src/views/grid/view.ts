import type { View } from '../../lib/view.ts';
import { words } from '../../words/words.svelte.ts';

export const view: View = {
  name: 'grid',
  paths: ['grid'],
  nav: { text: () => words.frame.grid, order: 40 },
  load: () => import('./GridView.svelte'),
};
