import type { View } from '../../lib/view.ts';
import { words } from '../../words/words.svelte.ts';

export const view: View = {
  name: 'home',
  paths: ['home'],
  nav: { text: () => words.frame.home, order: 10 },
  load: () => import('./HomeView.svelte'),
};
