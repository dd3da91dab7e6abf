import type { View } from '../../lib/view.ts';

export const view: View = {
  name: 'worker',
  paths: ['workers/#workerid'],
  within: 'workers',
  load: () => import('./WorkerView.svelte'),
};
