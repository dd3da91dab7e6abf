import type { View } from '../../lib/view.ts';
import { words } from '../../words/words.svelte.ts';

export const view: View = {
  name: 'schedulers',
  paths: ['schedulers'],
  nav: { text: () => words.frame.schedulers, order: 65 },
  load: () => import('./SchedulersView.svelte'),
};
