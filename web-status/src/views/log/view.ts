import type { View } from '../../lib/view.ts';

export const view: View = {
  name: 'log',
  paths: ['builders/#builderid/builds/#number/steps/#step/logs/:slug'],
  within: 'builders',
  load: () => import('./LogView.svelte'),
};
