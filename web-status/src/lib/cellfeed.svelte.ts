import { onMount, untrack } from 'svelte';

import type { Build, BuildRequest, Client, WatchEvent } from '../../client/index.ts';
import { Cells } from './cells.ts';
import { follow, type Live } from './live.svelte.ts';
import { Pace } from './pace.ts';
import { topicOf } from './topic.ts';

/** What was read: the cursor at which it is true, and how to take it, unless something else is wanted by then. */
export interface Part {
  cursor: number;
  take: () => void;
}

/** What a table of cells is fed from. */
export interface CellSource {
  /** What is chosen, as a text: another one is read anew. */
  choice: () => string;
  /** Reads everything, or what there is of some builders; `take` loads it into the cells. */
  read: (builders: readonly number[] | undefined, signal: AbortSignal) => Promise<Part>;
  /** Whether a builder is among those that are shown. */
  shows: (builderid: number) => boolean;
  /** Events of what is no build, request or builder. */
  other?: (event: WatchEvent) => void;
}

/** Of more builders than these, everything is read. */
const SINGLY = 40;
/** Milliseconds: how soon what events cannot tell is read, and how often at the most. */
const AGAIN = { soon: 60, pause: 1000 };
/** The same of drawing. */
const DRAW = { soon: 16, pause: 120 };
const RETRY = 5000;

/**
 * Keeps cells true: a snapshot, then events, which mostly tell all. Where a request is new, only the server can tell where it
 * stands (a console's buildset may have several changes): then the columns of its builders are read again, once for all that
 * came in the meantime, and at most once a second.
 */
export class CellFeed {
  readonly cells = new Cells();
  readonly live: Live;
  /** Grows whenever cells changed, but not more often than can be seen. */
  version = $state(0);
  readonly #source: CellSource;
  readonly #abort = new AbortController();
  readonly #draw = new Pace(() => void this.version++, DRAW.soon, DRAW.pause);
  readonly #again = new Pace(() => this.#readAgain(), AGAIN.soon, AGAIN.pause);
  #everything = false;
  #turn = 0;

  constructor(client: Client, source: CellSource) {
    this.#source = source;
    this.live = follow(client, {
      snapshot: (signal) => this.#snapshot(signal),
      patterns: () => ['builds/*/*', 'buildrequests/*/*', 'builders/*/*', 'changes/*/*'],
      event: (event) => this.#event(event),
    });
    onMount(() => () => {
      this.#abort.abort();
      this.#draw.stop();
      this.#again.stop();
    });
    let chosen = source.choice();
    $effect(() => {
      const choice = source.choice();
      if (choice === chosen) return;
      chosen = choice;
      untrack(() => this.live.reload());
    });
  }

  /** Draws soon. */
  changed(): void {
    this.#draw.ask();
  }

  async #snapshot(signal: AbortSignal): Promise<number> {
    const turn = ++this.#turn;
    const part = await this.#source.read(undefined, signal);
    if (turn === this.#turn) {
      this.#everything = false;
      this.cells.clear();
      part.take();
      this.version++;
    }
    return part.cursor;
  }

  #event(event: WatchEvent): void {
    const { type } = topicOf(event.key);
    if (type === 'builders') {
      this.#everything = true;
      return this.#again.ask();
    }
    if (type !== 'builds' && type !== 'buildrequests') return this.#source.other?.(event);
    const row = event.message as Build | BuildRequest;
    if (!this.#source.shows(row.builderid)) return;
    const outcome = type === 'builds' ? this.cells.build(row as Build, event.id) : this.cells.request(row as BuildRequest, event.id);
    if (outcome === 'changed') this.changed();
    if (outcome === 'unknown') this.#again.ask();
  }

  async #readAgain(): Promise<void> {
    const turn = this.#turn;
    const stale = [...this.cells.stale];
    const builders = this.#everything || stale.length > SINGLY ? undefined : stale;
    if (builders?.length === 0) return;
    try {
      const part = await this.#source.read(builders, this.#abort.signal);
      if (turn !== this.#turn) return;
      if (!builders) this.#everything = false;
      part.take();
      this.cells.settle(part.cursor, (id) => builders?.includes(id) ?? true);
      this.version++;
      if (this.cells.stale.size > 0) this.#again.ask();
    } catch {
      // The stream tells whether the server is there; what is missing is asked for again.
      if (!this.#abort.signal.aborted) setTimeout(() => this.#again.ask(), RETRY);
    }
  }
}
