import type { View } from '../../lib/view.ts';
import { words } from '../../words/words.svelte.ts';

export const view: View = {
  name: 'about',
  paths: ['about'],
  nav: { text: () => words.frame.about, order: 910 },
  load: () => import('./AboutView.svelte'),
};
