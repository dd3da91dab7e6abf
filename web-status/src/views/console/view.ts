import type { View } from '../../lib/view.ts';
import { words } from '../../words/words.svelte.ts';

export const view: View = {
  name: 'console',
  paths: ['console'],
  nav: { text: () => words.frame.console, order: 50 },
  load: () => import('./ConsoleView.svelte'),
};
