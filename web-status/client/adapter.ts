import type { Answer } from './client.ts';
import type { Query } from './query.ts';
import type { ResourceName, Resources, ViewName, Views } from './types.ts';
import type { Watch, WatchOptions } from './watch.ts';

/** What a master's server can do; who shows something asks for what it needs, and leaves it out where it is not there. */
export interface Capabilities {
  /** Which program the master is. */
  master: 'weir' | 'buildbot';
  /** Events have numbers that outlive a connection: a cut stream goes on where it was, else all is read again. */
  cursors: boolean;
  /** Times are known to the microsecond, else to the second. */
  microseconds: boolean;
  /** Who calls is told by an API token; else by the site's own cookie, from its own sign-in page. */
  tokens: boolean;
  /** Which lock a waiting request waits for, and who holds it. */
  locks: boolean;
  /** The same test in other builds can be asked for by its name. */
  testHistory: boolean;
  /** The master can be told to read its configuration again. */
  reconfigure: boolean;
  /** When lines of logs were stored is known. */
  lineTimes: boolean;
  /** Listeners and what they could not deliver are known. */
  listeners: boolean;
}

/** What Weir can do: all there is. */
export const WEIR: Capabilities = {
  master: 'weir', cursors: true, microseconds: true, tokens: true, locks: true, testHistory: true, reconfigure: true, lineTimes: true, listeners: true,
};

/** What a Buildbot master can do. */
export const BUILDBOT: Capabilities = {
  master: 'buildbot', cursors: false, microseconds: false, tokens: false, locks: false, testHistory: false, reconfigure: false, lineTimes: false, listeners: false,
};

/** How an adapter reaches its master. */
export interface Wire {
  /** Address of the site, with a trailing slash. */
  base: string;
  fetch: typeof fetch;
  /** Reads an answer below `api/v2`; errors are an `ApiError` or an `UnreachableError`. */
  read: (path: string, query: Query, signal?: AbortSignal) => Promise<Record<string, unknown>>;
}

/** Gives the answers that Weir would give, out of those of a server that is not Weir's. */
export interface Adapter {
  readonly capabilities: Capabilities;
  list<R extends ResourceName>(resource: R, path: string, query: Query, signal?: AbortSignal): Promise<Answer<Resources[R][]>>;
  view<V extends ViewName>(name: V, query: Query, signal?: AbortSignal): Promise<Answer<Views[V]>>;
  watch(options: Omit<WatchOptions, 'base' | 'fetch' | 'token'>): Watch;
  /** Ends what it keeps open. */
  close(): void;
}
