import type { Client } from './client.ts';
import { ApiError, isRefused, UnreachableError } from './errors.ts';
import type { Watch, WatchEvent, WatchState } from './watch.ts';

/** What is shown: a snapshot, and the events that carry it on. */
export interface Source {
  /** Reads everything anew and gives the cursor from which to follow. */
  snapshot: (signal: AbortSignal) => Promise<number>;
  /** Topics to follow. Asked after the snapshot, at once after each event, and when what they depend on changes. */
  patterns: () => string[];
  event: (event: WatchEvent) => void;
  /**
   * Is told of what is no longer kept. Left out where that is only what is too old: it is beyond what a display shows, or stays
   * until it is loaded again.
   */
  deleted?: (event: WatchEvent) => void;
}

/** `missing` and `refused` are final; the others are tried again. */
export type Trouble = 'unreachable' | 'refused' | 'missing' | 'error';
/** Whether there is something to show. */
export type Phase = 'loading' | 'ready' | 'failed';
/** How the stream is doing. */
export type StreamState = WatchState | 'idle' | 'refused';

const RETRY = { first: 1000, longest: 15_000 };

/**
 * Loads a snapshot, follows it, and begins anew where the server has forgotten our cursor. Where its fields are kept is left
 * to who shows them: a user interface has values of its own that tell who has to be drawn again.
 */
export abstract class Following {
  abstract phase: Phase;
  /** What is wrong, in one sentence; empty while all is well. */
  abstract error: string;
  abstract trouble: Trouble;
  /** The HTTP status with which the server refused; 0 where there was none. */
  status = 0;
  /** When the next attempt is, in UTC seconds. */
  abstract next: number;
  readonly #client: Pick<Client, 'watch'>;
  readonly #source: Source;
  readonly #abort = new AbortController();
  #watch: Watch | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  /** Counts the loads: one that was overtaken by another says nothing. */
  #turn = 0;

  constructor(client: Pick<Client, 'watch'>, source: Source) {
    this.#client = client;
    this.#source = source;
  }

  /** Begins; nothing is asked for before. */
  begin(): void {
    void this.#load();
  }

  /** Ends it for good. */
  close(): void {
    clearTimeout(this.#timer);
    this.#abort.abort();
    this.#watch?.close();
  }

  /** Tries at once instead of after the pause. */
  readonly retry = (): void => {
    this.#watch?.retry();
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    void this.#load();
  };

  /** Gives its stream back for a while, and goes on where it was, without a gap. */
  pause(paused: boolean): void {
    this.#watch?.pause(paused);
  }

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

  /** Is told how the stream is doing. */
  protected abstract report(state: StreamState): void;
  /** Is told after each snapshot and event, and when something went wrong. */
  protected changed(): void {}
  /** Is told when a stream was opened after a snapshot. */
  protected opened(): void {}
  /** An error in one sentence. */
  protected describe(error: unknown): string {
    return error instanceof Error ? error.message : String(error);
  }

  async #load(): Promise<void> {
    this.#timer = undefined;
    const { signal } = this.#abort;
    const turn = ++this.#turn;
    if (this.phase !== 'ready') this.report('idle');
    try {
      const cursor = await this.#source.snapshot(signal);
      if (signal.aborted || turn !== this.#turn) return;
      this.#failures = 0;
      this.phase = 'ready';
      this.error = '';
      this.#follow(cursor);
      this.changed();
    } catch (error) {
      if (!signal.aborted && turn === this.#turn) this.#failed(error);
    }
  }

  #follow(since: number): void {
    this.#watch = this.#client.watch({
      patterns: this.#source.patterns(),
      since,
      onEvent: (event) => {
        if (event.key.at(-1) === 'deleted') this.#source.deleted?.(event);
        else this.#source.event(event);
        // Not later: the next event may already have been left out for want of a topic.
        this.repattern();
        this.changed();
      },
      onExpired: () => void this.#load(),
      onRefused: (error) => {
        this.report('refused');
        this.trouble = 'refused';
        this.status = error.status;
        this.error = error.message;
        this.changed();
      },
      onState: (state) => this.report(state),
    });
    this.opened();
  }

  #failed(error: unknown): void {
    this.error = this.describe(error);
    this.trouble = troubleOf(error);
    this.status = error instanceof ApiError ? error.status : 0;
    if (this.trouble === 'missing' || this.trouble === 'refused') {
      this.phase = 'failed';
      this.report('idle');
    } else {
      this.report('reconnecting');
      const pause = Math.min(RETRY.longest, RETRY.first * 2 ** this.#failures);
      this.#failures = Math.min(this.#failures + 1, 10);
      this.next = (Date.now() + pause) / 1000;
      this.#timer = setTimeout(() => void this.#load(), pause);
    }
    this.changed();
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

/** The cursor of an answer; without one nothing can be followed. */
export function cursorOf(answer: { cursor: number | null }): number {
  if (answer.cursor !== null) return answer.cursor;
  throw new ApiError(400, 'no_cursor', 'The server sends no X-Weir-Cursor header, or does not expose it to this origin.');
}
