import type { BuildRequest, Views } from '../../client/index.ts';

/** Why a request waits; `unknown` until the server has told. */
export type Wait = Views['home']['reasons'][number] | 'unknown';

/** Reasons in the order in which they ask for somebody to do something. */
export const WAITS: readonly Wait[] = ['no_master', 'no_worker', 'not_connected', 'paused', 'locked', 'busy', 'unknown', 'ready', 'starting'];

/** Whether it goes on only after somebody did something. */
export function isStuck(wait: Wait): boolean {
  return WAITS.indexOf(wait) <= WAITS.indexOf('paused');
}

/** Requests of one builder that wait for the same. */
export interface Queue {
  key: string;
  wait: Wait;
  builderid: number;
  /** The lock, and who holds it. */
  lock: string | undefined;
  /** In the order in which they go. */
  requests: BuildRequest[];
  /** When the oldest was asked for. */
  since: number;
}

/** Why a request waits, of what the server said and what the request itself tells. */
export function waitOf(request: BuildRequest, told: Wait | undefined): Wait {
  if (request.claimed) return 'starting';
  // The lock is told by events; the other reasons are read.
  if (request.waiting_for && (told === undefined || !isStuck(told))) return 'locked';
  return told === 'locked' && !request.waiting_for ? 'unknown' : (told ?? 'unknown');
}

/** Requests that come in their turn, those together that wait for the same, what is stuck first. */
export function queues(requests: readonly BuildRequest[], told: (request: number) => Wait | undefined): Queue[] {
  const found = new Map<string, Queue>();
  for (const request of requests) {
    const wait = waitOf(request, told(request.buildrequestid));
    const lock = wait === 'locked' ? (request.waiting_for ?? undefined) : undefined;
    const key = JSON.stringify([wait, request.builderid, lock]);
    const queue = found.get(key) ?? { key, wait, builderid: request.builderid, lock, requests: [], since: request.submitted_at };
    queue.requests.push(request);
    queue.since = Math.min(queue.since, request.submitted_at);
    found.set(key, queue);
  }
  return [...found.values()].sort((a, b) => WAITS.indexOf(a.wait) - WAITS.indexOf(b.wait) || a.since - b.since);
}
