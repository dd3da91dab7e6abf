import { onMount } from 'svelte';

import { ApiError, isRefused, UnreachableError, type Client, type Watch, type WatchEvent, type WatchState } from '../../client/index.ts';
import { errorText } from './format.ts';

/** How the page's stream is doing; shown in the header. `lost` is when it was last live, in milliseconds. */
export const connection = $state<{ state: WatchState | 'idle' | 'refused'; lost: number }>({ state: 'idle', lost: 0 });

function report(state: (typeof connection)['state']): void {
  if (connection.state === state) return;
  if (connection.state === 'live') connection.lost = Date.now();
  connection.state = state;
}

/** What a view shows: a snapshot, and the events that carry it on. */
export interface Source {
  /** Reads everything anew and gives the cursor from which to follow. */
  snapshot: (signal: AbortSignal) => Promise<number>;
  /** Topics to follow. Asked after the snapshot, at once after each event, and when what they depend on changes. */
  patterns: () => string[];
  event: (event: WatchEvent) => void;
}

/** `missing` and `refused` are final; `unreachable` is tried again. */
export type Trouble = 'unreachable' | 'refused' | 'missing' | 'error';

const HIDDEN_PAUSE = 60_000;
const RETRY = { first: 1000, longest: 15_000 };

/** A view's data: loads the snapshot, follows it, and begins anew where the server has forgotten our cursor. */
export class Live {
  phase = $state<'loading' | 'ready' | 'failed'>('loading');
  /** What is wrong, in one sentence; empty while all is well. */
  error = $state('');
  trouble = $state<Trouble>('error');
  /** When the next attempt is, in UTC seconds. */
  next = $state(0);
  readonly #client: Client;
  readonly #source: Source;
  readonly #abort = new AbortController();
  #watch: Watch | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #hidden: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  /** Counts the loads: one that was overtaken by another says nothing. */
  #turn = 0;

  constructor(client: Client, source: Source) {
    this.#client = client;
    this.#source = source;
  }

  start(): () => void {
    document.addEventListener('visibilitychange', this.#visibility);
    addEventListener('online', this.retry);
    void this.#load();
    return () => {
      document.removeEventListener('visibilitychange', this.#visibility);
      removeEventListener('online', this.retry);
      clearTimeout(this.#hidden);
      clearTimeout(this.#timer);
      this.#abort.abort();
      this.#watch?.close();
    };
  }

  /** Tries at once instead of after the pause. */
  readonly retry = (): void => {
    this.#watch?.retry();
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    void this.#load();
  };

  /** Follows what is to be followed by now, without a gap. */
  repattern(): void {
    const patterns = this.#source.patterns();
    this.#watch?.setPatterns(patterns);
  }

  /** Begins anew after a failure that was final, as with another token, or because something else is to be shown. */
  reload(): void {
    clearTimeout(this.#timer);
    this.#watch?.close();
    this.error = '';
    if (this.phase === 'failed') this.phase = 'loading';
    void this.#load();
  }

  // Browsers allow few connections per host: a page that nobody looks at gives its own back after a while.
  readonly #visibility = (): void => {
    clearTimeout(this.#hidden);
    if (document.hidden) this.#hidden = setTimeout(() => this.#watch?.pause(true), HIDDEN_PAUSE);
    else this.#watch?.pause(false);
  };

  async #load(): Promise<void> {
    this.#timer = undefined;
    const { signal } = this.#abort;
    const turn = ++this.#turn;
    if (this.phase !== 'ready') report('idle');
    try {
      const cursor = await this.#source.snapshot(signal);
      if (signal.aborted || turn !== this.#turn) return;
      this.#failures = 0;
      this.phase = 'ready';
      this.error = '';
      this.#follow(cursor);
    } catch (error) {
      if (!signal.aborted && turn === this.#turn) this.#failed(error);
    }
  }

  #follow(since: number): void {
    this.#watch = this.#client.watch({
      patterns: this.#source.patterns(),
      since,
      onEvent: (event) => {
        // What is too old to be kept is beyond what a display shows, or stays until it is loaded again.
        if (event.key.at(-1) !== 'deleted') this.#source.event(event);
        // Not later: the next event may already have been left out for want of a topic.
        this.repattern();
      },
      onExpired: () => void this.#load(),
      onRefused: (error) => {
        report('refused');
        this.trouble = 'refused';
        this.error = error.message;
      },
      onState: report,
    });
    if (document.hidden) this.#visibility();
  }

  #failed(error: unknown): void {
    this.error = errorText(error);
    this.trouble = troubleOf(error);
    if (this.trouble === 'missing' || this.trouble === 'refused') {
      this.phase = 'failed';
      report('idle');
      return;
    }
    report('reconnecting');
    const pause = Math.min(RETRY.longest, RETRY.first * 2 ** this.#failures);
    this.#failures = Math.min(this.#failures + 1, 10);
    this.next = (Date.now() + pause) / 1000;
    this.#timer = setTimeout(() => void this.#load(), pause);
  }
}

function troubleOf(error: unknown): Trouble {
  if (error instanceof UnreachableError) return 'unreachable';
  if (isRefused(error)) return 'refused';
  if (!(error instanceof ApiError)) return 'error';
  // A proxy in front of a master that is down.
  if (error.status === 502 || error.status === 503 || error.status === 504) return 'unreachable';
  return error.status < 500 && error.status !== 429 ? 'missing' : 'error';
}

/** Follows a source while the calling component is on the page. */
export function follow(client: Client, source: Source): Live {
  const live = new Live(client, source);
  onMount(() => live.start());
  $effect(() => live.repattern());
  return live;
}

/** The cursor of an answer; without one nothing can be followed. */
export function cursorOf(answer: { cursor: number | null }): number {
  if (answer.cursor !== null) return answer.cursor;
  throw new ApiError(400, 'no_cursor', 'The server sends no X-Weir-Cursor header, or does not expose it to this origin.');
}
