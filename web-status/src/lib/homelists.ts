import { ApiError, type Build, type Client, type Query, type Views } from '../../client/index.ts';
import { isGood, tells } from './tally.ts';

/** What of the view `home` is asked: which builders, and how many of each list. */
export interface HomeQuery extends Query {
  limit: number;
}

/** The view `home` and the cursor at which it is true. */
export interface HomeAnswer {
  data: Views['home'];
  cursor: number | null;
  /** Whether the server made it; else it is what lists tell, without reasons and expected ends. */
  whole: boolean;
}

/** Reads the view `home`; of a server that has no views, what its lists tell of it. */
export async function readHome(client: Client, query: HomeQuery, signal?: AbortSignal): Promise<HomeAnswer> {
  try {
    return { ...(await client.view('home', query, signal)), whole: true };
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 404) throw error;
    return { ...(await fromLists(client, query, signal)), whole: false };
  }
}

async function fromLists(client: Client, { limit, builderid }: HomeQuery, signal?: AbortSignal): Promise<{ data: Views['home']; cursor: number | null }> {
  const one = { ...(builderid === undefined ? {} : { builderid }) };
  const [builders, running, waiting, recent] = await Promise.all([
    client.list('builders', 'builders', { ...one, order: 'name' }, signal),
    client.list('builds', 'builds', { ...one, complete: false, order: '-buildid', limit }, signal),
    client.list('buildrequests', 'buildrequests', { ...one, complete: false, claimed: false, order: ['-priority', 'submitted_at'], limit }, signal),
    client.list('builds', 'builds', { ...one, complete: true, order: '-complete_at', limit }, signal),
  ]);
  const cursors = [builders, running, waiting, recent].flatMap(({ cursor }) => cursor ?? []);
  const data = {
    builders: builders.data, running: running.data, waiting: waiting.data, recent: recent.data, steps: [], workers: [], reasons: [], expected: [],
    broken: brokenOf(recent.data),
  };
  // What lists leave empty the view would not: those who show it look.
  return { data: data as unknown as Views['home'], cursor: cursors.length === 4 ? Math.min(...cursors) : null };
}

/** The builders that are broken, as far as their last builds tell. */
export function brokenOf(recent: readonly Build[]): Views['home']['broken'] {
  const broken = new Map<number, Views['home']['broken'][number]>();
  const known = new Set<number>();
  for (const build of recent.toSorted((a, b) => b.buildid - a.buildid).filter(tells)) {
    const row = broken.get(build.builderid);
    if (isGood(build)) {
      if (row && !known.has(build.builderid)) row.last_good_buildid = build.buildid;
      known.add(build.builderid);
    } else if (!known.has(build.builderid)) {
      if (row) row.since = cellOf(build);
      else broken.set(build.builderid, { builderid: build.builderid, last: cellOf(build), since: cellOf(build), last_good_buildid: null });
    }
  }
  return [...broken.values()];
}

/** A build as one cell of a table, as the server's views tell it. */
export function cellOf(build: Build): Views['home']['broken'][number]['last'] {
  const complete = build.complete_at_us ?? (build.complete_at === null ? null : build.complete_at * 1e6);
  return [build.buildid, build.number, build.started_at_us ?? build.started_at * 1e6, complete, build.results];
}
