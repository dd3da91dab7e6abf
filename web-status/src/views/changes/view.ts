import type { View } from '../../lib/view.ts';
import { words } from '../../words/words.svelte.ts';

export const view: View = {
  name: 'changes',
  paths: ['changes'],
  nav: { text: () => words.frame.changes, order: 70 },
  load: () => import('./ChangesView.svelte'),
};
