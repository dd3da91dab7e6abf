import type { Client } from '../../../client/index.ts';
import { cursorOf } from '../../lib/live.svelte.ts';
import { errorText } from '../../lib/format.ts';
import type { Stretch } from './axis.ts';
import type { Store } from './store.ts';

/** What somebody looks at, and so wants to be known. */
export interface Wish {
  seen: Stretch;
  builders: readonly number[];
  /** Around what is seen: read when all that is seen is there. */
  near: Stretch;
  nearBuilders: readonly number[];
  steps: boolean;
}

/** One question to the server. */
export interface Piece extends Stretch {
  builders: number[];
  steps: boolean;
}

/** An answer of this many builds is read without a frame being late. */
const MOST = 1500;
const MOST_WITH_STEPS = 250;
/** Builders in one question. */
const WIDTH = 24;
/** Questions at the same time: a server serves few at once to those it does not know. */
const LANES = 2;
/** A screen's height is as long as so many tiles at the least. */
const TILES = 2;
/** With more builds than the first, only those near to sight are held; with more than the second, only those in sight. */
const HOLD = { near: 8000, seen: 60_000 };
const PAUSE = 4000;

/** The length of the tiles of time for a stretch: a power of two of minutes, so that they meet at all zooms. */
export function tileOf({ from, to }: Stretch): number {
  return 60 * 2 ** Math.max(0, Math.ceil(Math.log2((to - from) / TILES / 60)));
}

/** What has to be asked for so that a stretch of these builders is known: whole tiles, as far as they are not known. */
export function plan(store: Store, stretch: Stretch, builders: readonly number[], steps: boolean, now: number): Piece[] {
  const length = tileOf(stretch);
  const pieces: Piece[] = [];
  // The newest first: that is where people look.
  for (let tile = Math.floor(Math.min(stretch.to, now) / length); (tile + 1) * length > stretch.from; tile--) {
    /** Builders that lack the same are asked for together. */
    const alike = new Map<string, Piece>();
    for (const builder of builders) {
      for (const { from, to } of store.missing(builder, { from: tile * length, to: (tile + 1) * length }, steps)) {
        const key = `${from} ${to}`;
        const piece = alike.get(key);
        if (piece && piece.builders.length < WIDTH) piece.builders.push(builder);
        else alike.set(key, begin(pieces, { from, to, builders: [builder], steps }));
      }
    }
  }
  return pieces;
}

function begin(pieces: Piece[], piece: Piece): Piece {
  pieces.push(piece);
  return piece;
}

/** Reads what comes into sight, few at a time; what is scrolled past before its answer came is given up. */
export class Reader {
  /** What is wrong, in a sentence; told to `onchange`. */
  problem = '';
  readonly #client: Client;
  readonly #store: Store;
  readonly #onchange: () => void;
  readonly #running = new Map<Piece, AbortController>();
  #wish: Wish | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Builds that were left when some were let go of last. */
  #left = 0;
  #closed = false;

  constructor(client: Client, store: Store, onchange: () => void) {
    this.#client = client;
    this.#store = store;
    this.#onchange = onchange;
  }

  /** Whether everything that is looked at is there. */
  get settled(): boolean {
    return this.#wish !== undefined && this.#needed(this.#wish).length === 0;
  }

  want(wish: Wish): void {
    this.#wish = wish;
    for (const [piece, abort] of this.#running) if (!wanted(piece, wish)) abort.abort();
    this.#trim(wish);
    this.#next();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const abort of this.#running.values()) abort.abort();
  }

  #needed(wish: Wish): Piece[] {
    return plan(this.#store, wish.seen, wish.builders, wish.steps, Date.now() / 1000);
  }

  #next(): void {
    const wish = this.#wish;
    if (!wish || this.#closed || this.#timer !== undefined || this.#running.size >= LANES) return;
    const busy = [...this.#running.keys()];
    const free = (piece: Piece): boolean => !busy.some((one) => meets(one, piece));
    const now = Date.now() / 1000;
    const piece = this.#needed(wish).find(free) ?? plan(this.#store, wish.near, wish.nearBuilders, wish.steps, now).find(free);
    if (!piece) return;
    void this.#read(piece);
    this.#next();
  }

  async #read(piece: Piece): Promise<void> {
    const abort = new AbortController();
    this.#running.set(piece, abort);
    try {
      // Whoever is named is wanted, configured or not.
      const query = {
        from_us: Math.floor(piece.from * 1e6), to_us: Math.ceil(piece.to * 1e6), builderid: piece.builders, removed: true,
        limit: piece.steps ? MOST_WITH_STEPS : MOST, ...(piece.steps ? { steps: true } : {}),
      };
      const answer = await this.#client.view('waterfall', query, abort.signal);
      if (abort.signal.aborted) return;
      this.problem = '';
      this.#store.take(answer.data, piece, cursorOf(answer));
    } catch (error) {
      if (abort.signal.aborted || this.#closed) return;
      this.problem = errorText(error);
      // Not at once: a server that refuses is not asked again and again.
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        this.#next();
      }, PAUSE);
    } finally {
      this.#running.delete(piece);
      if (!this.#closed) this.#onchange();
      this.#next();
    }
  }

  /** Holds no more than is good: what is far from sight goes first. */
  #trim(wish: Wish): void {
    if (this.#store.size <= Math.max(HOLD.near, this.#left * 1.25)) return;
    this.#store.keep(wish.near, new Set(wish.nearBuilders));
    if (this.#store.size > HOLD.seen) this.#store.keep(wish.seen, new Set(wish.builders));
    this.#left = this.#store.size;
  }
}

function meets(one: Piece, other: Piece): boolean {
  return one.from < other.to && other.from < one.to && one.builders.some((builder) => other.builders.includes(builder));
}

function wanted(piece: Piece, { seen, near, builders, nearBuilders, steps }: Wish): boolean {
  if (steps && !piece.steps) return false;
  const within = (stretch: Stretch, ids: readonly number[]): boolean =>
    piece.from < stretch.to && piece.to > stretch.from && piece.builders.some((builder) => ids.includes(builder));
  return within(seen, builders) || within(near, nearBuilders);
}
