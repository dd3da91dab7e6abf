import type { View } from '../../lib/view.ts';

export const view: View = {
  name: 'builder',
  paths: ['builders/#builderid'],
  within: 'builders',
  load: () => import('./BuilderView.svelte'),
};
