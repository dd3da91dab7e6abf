import type { DeadLetter, ListenerStatus } from '../../client/index.ts';

/** How a listener stands: it delivers, what comes waits, or nobody runs it. */
export type ListenerState = 'well' | 'waits' | 'stopped';

/** How a listener stands at a moment, in UTC seconds. */
export function stateOf({ held_by, held_until, waiting }: ListenerStatus, now: number): ListenerState {
  if (held_by === null || held_until === null || held_until < now) return 'stopped';
  return waiting ? 'waits' : 'well';
}

/** How many events wait for a listener, if it has begun; `newest` is the newest event. */
export function behind({ place }: ListenerStatus, newest: number): number | undefined {
  return place === null ? undefined : Math.max(0, newest - place);
}

/** The build that a dead letter tells of, where its event is one of a build. */
export function buildOf({ event }: DeadLetter): { builderid: number; number: number } | undefined {
  const { builderid, number, buildid } = event.message as Record<string, unknown>;
  const isOne = event.key[0] === 'builds' && typeof buildid === 'number';
  return isOne && typeof builderid === 'number' && typeof number === 'number' ? { builderid, number } : undefined;
}
