import type { View } from '../../lib/view.ts';
import { words } from '../../words/words.svelte.ts';

export const view: View = {
  name: 'requests',
  paths: ['pendingbuildrequests'],
  nav: { text: () => words.frame.requests, order: 55 },
  load: () => import('./RequestsView.svelte'),
};
