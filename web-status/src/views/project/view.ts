import type { View } from '../../lib/view.ts';

export const view: View = {
  name: 'project',
  paths: ['projects/#projectid'],
  within: 'projects',
  load: () => import('./ProjectView.svelte'),
};
