import type { View } from '../../lib/view.ts';
import { words } from '../../words/words.svelte.ts';

export const view: View = {
  name: 'builders',
  paths: ['builders'],
  nav: { text: () => words.frame.builders, order: 20 },
  load: () => import('./BuildersView.svelte'),
};
