import type { View } from '../../lib/view.ts';
import { words } from '../../words/words.svelte.ts';

export const view: View = {
  name: 'workers',
  paths: ['workers'],
  nav: { text: () => words.frame.workers, order: 60 },
  load: () => import('./WorkersView.svelte'),
};
