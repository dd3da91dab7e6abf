import type { View } from '../../lib/view.ts';
import { words } from '../../words/words.svelte.ts';

export const view: View = {
  name: 'settings',
  paths: ['settings'],
  nav: { text: () => words.frame.settings, order: 900 },
  load: () => import('./SettingsView.svelte'),
};
