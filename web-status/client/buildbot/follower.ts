import type { Watch, WatchOptions } from '../watch.ts';
import type { Feed, Listener, Numbered } from './feed.ts';
import { kindsOf, matcher, namesOf } from './topics.ts';

/** What of `watch`'s options a follower needs. */
export type FollowOptions = Pick<WatchOptions, 'patterns' | 'since' | 'onEvent' | 'onExpired' | 'onState'>;

/**
 * A watch over the feed. Where events may have been missed since its cursor, it has expired: there is nobody who would
 * tell them again.
 */
export class Follower implements Watch, Listener {
  cursor: number;
  kinds: ReadonlySet<string>;
  paused = false;
  readonly #feed: Feed;
  readonly #options: FollowOptions;
  #patterns: string[];
  #match: (names: string[][]) => string[] | undefined;
  #ended = false;
  /** Everything up to here was looked at; between the cursor and this nothing matched. */
  #seen: number;
  /** Takes events as they come; not while topics are still asked for. */
  #running = false;

  constructor(feed: Feed, options: FollowOptions) {
    this.#feed = feed;
    this.#options = options;
    this.cursor = options.since;
    this.#seen = options.since;
    this.#patterns = [...options.patterns];
    this.kinds = kindsOf(this.#patterns);
    this.#match = matcher(this.#patterns);
    options.onState?.('reconnecting');
    feed.join(this);
    if (feed.live) this.#begin();
  }

  setPatterns(patterns: string[]): void {
    if (patterns.length === this.#patterns.length && patterns.every((p, i) => p === this.#patterns[i])) return;
    this.#patterns = [...patterns];
    this.kinds = kindsOf(patterns);
    this.#match = matcher(patterns);
    this.#seen = this.cursor;
    if (!this.#ended && !this.paused && this.#feed.live) this.#begin();
  }

  pause(paused: boolean): void {
    if (this.#ended || paused === this.paused) return;
    this.paused = paused;
    this.#running = false;
    if (paused) return this.#options.onState?.('paused');
    this.#options.onState?.('reconnecting');
    this.#feed.join(this);
    if (this.#feed.live) this.#begin();
  }

  retry(): void {
    this.#feed.retry();
  }

  close(): void {
    this.#ended = true;
    this.#running = false;
    this.#feed.leave(this);
  }

  take(event: Numbered): void {
    if (!this.#running || event.id <= this.#seen) return;
    this.#seen = event.id;
    const key = this.#match(namesOf(event));
    if (!key) return;
    this.cursor = event.id;
    try {
      this.#options.onEvent({ id: event.id, key, message: event.message });
    } catch (error) {
      // The caller's fault is told as such, and keeps nobody else from the event.
      queueMicrotask(() => {
        throw error;
      });
    }
  }

  forgot(id: number): void {
    if (this.#running) this.cursor = Math.max(this.cursor, id);
  }

  opened(): void {
    if (!this.paused) this.#begin();
  }

  lost(): void {
    this.#running = false;
    if (!this.paused) this.#options.onState?.('reconnecting');
  }

  /** Goes on from the cursor, at once where all since then is here. */
  #begin(): void {
    if (this.#feed.covers(this.kinds, this.cursor)) return this.#run();
    this.#running = false;
    const { kinds } = this;
    void this.#feed.cover(kinds).then(() => {
      // Others may have been asked for meanwhile, or the connection is gone: then this is begun again.
      if (this.#ended || this.paused || kinds !== this.kinds || !this.#feed.live) return;
      if (this.#feed.covers(kinds, this.#feed.number)) this.#expire();
      else this.#feed.drop();
    });
  }

  #run(): void {
    this.#running = true;
    this.#options.onState?.('live');
    for (const event of this.#feed.after(this.#seen)) {
      // The caller may close it, or change its patterns, while it takes an event.
      if (this.#ended || !this.#running) return;
      this.take(event);
    }
  }

  #expire(): void {
    this.close();
    this.#options.onExpired();
  }
}
