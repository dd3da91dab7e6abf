import type { View } from '../../lib/view.ts';

export const view: View = {
  name: 'test',
  paths: ['builders/#builderid/tests'],
  within: 'builders',
  load: () => import('./TestView.svelte'),
};
