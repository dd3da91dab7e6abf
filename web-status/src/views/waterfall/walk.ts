import type { Builder, Client } from '../../../client/index.ts';
import type { Built } from './column.ts';
import { nearest } from './layout.ts';
import type { Scene } from './scene.svelte.ts';
import { builtOf, type Store } from './store.ts';

/** Goes from build to build. */
export class Walker {
  readonly #client: Client;
  readonly #store: Store;
  readonly #scene: Scene;

  constructor(client: Client, store: Store, scene: Scene) {
    this.#client = client;
    this.#store = store;
    this.#scene = scene;
  }

  /** The build of the same builder that began before or after it. What has not been read is asked for. */
  async along(built: Built, way: 'older' | 'newer'): Promise<Built | undefined> {
    const { placed } = this.#store.column(built.builderid);
    const at = placed.findIndex((one) => one.built.id === built.id);
    const next = placed[at + (way === 'older' ? -1 : 1)]?.built;
    const between = { from: way === 'older' ? (next?.start ?? -Infinity) : built.start, to: way === 'older' ? built.start : (next?.start ?? Date.now() / 1000) };
    if (at >= 0 && (next || way === 'newer') && this.#store.missing(built.builderid, between, false).length === 0) return next;
    const query = way === 'older' ? { number__lt: built.number, order: '-number' } : { number__gt: built.number, order: 'number' };
    const answer = await this.#client.list('builds', 'builds', { builderid: built.builderid, ...query, limit: 1 }).catch(() => undefined);
    const [found] = answer?.data ?? [];
    return found ? builtOf(found, answer?.cursor ?? 0) : undefined;
  }

  /** The build of the next builder to a side that has one, nearest in time. */
  across(built: Built, side: 1 | -1): Built | undefined {
    const { builders, seen } = this.#scene;
    const moment = Math.min(Math.max(seen.from, built.start), Math.min(built.end ?? Infinity, seen.to));
    for (let at = builders.findIndex((one) => one.builderid === built.builderid) + side; at >= 0 && at < builders.length; at += side) {
      const found = nearest(this.#store.column(builders[at]?.builderid ?? -1), moment);
      if (found) return found;
    }
    return undefined;
  }

  /** The oldest build in sight of the same builder. */
  oldest(built: Built): Built | undefined {
    const { from, to } = this.#scene.seen;
    return this.#store.column(built.builderid).within(from, to)[0]?.built;
  }

  /** Of all builds that are known of these builders the one that began last. */
  last(builders: readonly Builder[]): Built | undefined {
    let found: Built | undefined;
    for (const { builderid } of builders) {
      const { newest } = this.#store.column(builderid);
      if (newest && (!found || newest.start > found.start)) found = newest;
    }
    return found;
  }
}
