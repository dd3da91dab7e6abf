import type { View } from '../../lib/view.ts';
import { words } from '../../words/words.svelte.ts';

export const view: View = {
  name: 'listeners',
  paths: ['listeners'],
  nav: { text: () => words.frame.listeners, order: 67 },
  load: () => import('./ListenersView.svelte'),
};
