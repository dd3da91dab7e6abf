import type { View } from '../../lib/view.ts';
import { words } from '../../words/words.svelte.ts';

export const view: View = {
  name: 'projects',
  paths: ['projects'],
  nav: { text: () => words.frame.projects, order: 80 },
  load: () => import('./ProjectsView.svelte'),
};
