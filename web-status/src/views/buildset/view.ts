import type { View } from '../../lib/view.ts';

export const view: View = {
  name: 'buildset',
  paths: ['buildsets/#bsid'],
  within: 'builders',
  load: () => import('./BuildsetView.svelte'),
};
