import type { View } from '../../lib/view.ts';

export const view: View = {
  name: 'change',
  paths: ['changes/#changeid'],
  within: 'changes',
  load: () => import('./ChangeView.svelte'),
};
