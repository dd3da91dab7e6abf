import type { View } from '../../lib/view.ts';

export const view: View = {
  name: 'buildrequest',
  paths: ['buildrequests/#buildrequestid'],
  within: 'builders',
  load: () => import('./RequestView.svelte'),
};
