import type { View } from '../../lib/view.ts';
import { words } from '../../words/words.svelte.ts';

export const view: View = {
  name: 'masters',
  paths: ['masters'],
  nav: { text: () => words.frame.masters, order: 90 },
  load: () => import('./MastersView.svelte'),
};
