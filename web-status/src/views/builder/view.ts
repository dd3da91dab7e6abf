import type { View } from '../../lib/view.ts';

export const view: View = {
  name: 'builder',
  // The second one is Buildbot's address of a force form.
  paths: ['builders/#builderid', 'builders/#builderid/force/:scheduler'],
  within: 'builders',
  load: () => import('./BuilderView.svelte'),
};
