import type { View } from '../../lib/view.ts';

export const view: View = {
  name: 'named',
  // A builder by its name instead of its number, as Buildbot's addresses may have it.
  paths: ['builders/:buildername', 'builders/:buildername/builds/#number', 'builders/:buildername/builds/#number/steps/#step/logs/:slug'],
  within: 'builders',
  load: () => import('./NamedView.svelte'),
};
