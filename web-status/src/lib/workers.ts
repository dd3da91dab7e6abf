import type { Worker } from '../../client/index.ts';

/** Which workers a list shows. */
export const WORKER_STATES = ['all', 'connected', 'offline', 'paused'] as const;
export type WorkerChoice = (typeof WORKER_STATES)[number];

/** Whether a worker is one of those that the choice names. */
export function isOf(choice: WorkerChoice, worker: Pick<Worker, 'connected_to' | 'paused'>): boolean {
  switch (choice) {
    case 'all': return true;
    case 'connected': return worker.connected_to.length > 0;
    case 'offline': return worker.connected_to.length === 0;
    case 'paused': return worker.paused;
  }
}

/** By name, numbers within it as such: w2 before w10. */
export function byName(one: { name: string }, other: { name: string }): number {
  return one.name.localeCompare(other.name, undefined, { numeric: true });
}
