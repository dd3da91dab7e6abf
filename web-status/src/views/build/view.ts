import type { View } from '../../lib/view.ts';

export const view: View = {
  name: 'build',
  paths: ['builders/#builderid/builds/#number'],
  within: 'builders',
  load: () => import('./BuildView.svelte'),
};
