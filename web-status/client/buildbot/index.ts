import { BUILDBOT, type Adapter, type Wire } from '../adapter.ts';
import type { Answer } from '../client.ts';
import type { Query } from '../query.ts';
import type { ResourceName, Resources, ViewName, Views } from '../types.ts';
import type { Watch, WatchOptions } from '../watch.ts';
import { Feed, TIMING, type Timing } from './feed.ts';
import { Follower } from './follower.ts';
import { Reader } from './read.ts';
import { refiner } from './refine.ts';
import { socketDial, type OpenSocket } from './socket.ts';
import { streamDial } from './stream.ts';
import { consoleView } from './views/console.ts';
import { gridView } from './views/grid.ts';
import { homeView } from './views/home.ts';
import { waterfallView } from './views/waterfall.ts';

export interface BuildbotOptions {
  timing?: Timing;
  socket?: OpenSocket;
  /** A number in 0..1, for spreading many clients' attempts. */
  random?: () => number;
}

/** Speaks to a Buildbot master in its own words, and answers in Weir's. */
export class Buildbot implements Adapter {
  readonly capabilities = BUILDBOT;
  readonly #feed: Feed;
  readonly #reader: Reader;

  constructor(wire: Wire, options: BuildbotOptions = {}) {
    const socket: OpenSocket | undefined = options.socket ?? (typeof WebSocket === 'undefined' ? undefined : (url) => new WebSocket(url));
    const dials = [...(socket ? [socketDial(wire.base, socket)] : []), streamDial(wire.base, wire.fetch)];
    const refine = refiner({
      put: (event) => this.#feed.put(event),
      list: async (resource) => (await this.#reader.rows(resource, resource, {})) as unknown as Record<string, unknown>[],
    });
    this.#feed = new Feed(dials, refine, options.timing ?? TIMING, options.random);
    this.#reader = new Reader(wire, this.#feed);
  }

  list<R extends ResourceName>(resource: R, path: string, query: Query, signal?: AbortSignal): Promise<Answer<Resources[R][]>> {
    return this.#reader.list(resource, path, query, signal);
  }

  async view<V extends ViewName>(name: V, query: Query, signal?: AbortSignal): Promise<Answer<Views[V]>> {
    const make = VIEWS[name] as (reader: Reader, query: Query, signal?: AbortSignal) => Promise<Views[V]>;
    const cursor = await this.#feed.cover(FOLLOWED[name]);
    return { data: await make(this.#reader, query, signal), cursor };
  }

  watch(options: Omit<WatchOptions, 'base' | 'fetch' | 'token'>): Watch {
    return new Follower(this.#feed, options);
  }

  close(): void {
    this.#feed.close();
  }
}

const VIEWS = { home: homeView, waterfall: waterfallView, grid: gridView, console: consoleView };

/** What a view is made of, and will be followed for. */
const FOLLOWED: Record<ViewName, string[]> = {
  home: ['builders', 'builds', 'steps', 'buildrequests', 'workers'],
  waterfall: ['builders', 'builds', 'steps', 'changes'],
  grid: ['builders', 'builds', 'buildrequests', 'buildsets'],
  console: ['builders', 'builds', 'buildrequests', 'buildsets', 'changes'],
};
