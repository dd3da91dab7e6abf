import type { Build, Step } from '../../client/index.ts';
import { words } from '../words/words.svelte.ts';

/** How something stands, for people. */
export type Status =
  | 'success' | 'warnings' | 'failure' | 'skipped' | 'exception' | 'retry' | 'cancelled'
  | 'running' | 'pending' | 'none';

const BY_RESULT: readonly Status[] = ['success', 'warnings', 'failure', 'skipped', 'exception', 'retry', 'cancelled'];

/** What is asked about a build, step or request. */
type Row = Pick<Build, 'complete'> & { results: number | null; started_at?: Step['started_at'] };

/** The status of a build, step or request; `none` where there is no such thing. */
export function statusOf(row: Row | undefined): Status {
  if (!row) return 'none';
  if (!row.complete) return row.started_at === null ? 'pending' : 'running';
  return BY_RESULT[row.results ?? -1] ?? 'none';
}

/** The word that goes with the icon, in the reader's language, so that colour is never the only signal. */
export const STATUS_WORD: Readonly<Record<Status, string>> = new Proxy({} as Record<Status, string>, {
  get: (_, status) => words.status[status as Status],
});

/** Whether somebody has to look at it. */
export function isBad(status: Status): boolean {
  return status === 'failure' || status === 'exception';
}
