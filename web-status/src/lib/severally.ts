import { isRefused } from '../../client/index.ts';
import { errorText } from './format.ts';
import type { Session } from './session.svelte.ts';

/** One of several for which a command was not carried out, and why, in one sentence. */
export interface Refusal<T> {
  of: T;
  why: string;
}

/**
 * Carries out a command for each of several, one after the other, and gives those for which it was not: one that is refused
 * keeps it from no other. Where the server wants to know who the reader is they are asked, until they do not want to tell.
 */
export async function severally<T>(session: Pick<Session, 'act'>, all: readonly T[], work: (one: T) => Promise<void>): Promise<Refusal<T>[]> {
  const refusals: Refusal<T>[] = [];
  let declined = false;
  for (const one of all) {
    try {
      await (declined ? work(one) : session.act(() => work(one)));
    } catch (error) {
      declined ||= isRefused(error);
      refusals.push({ of: one, why: errorText(error) });
    }
  }
  return refusals;
}
