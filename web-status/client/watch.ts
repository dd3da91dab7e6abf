import { authorization } from './authorization.ts';
import { ApiError } from './errors.ts';
import { encodeQuery } from './query.ts';
import { SseParser, type SseEvent } from './sse.ts';

/** Something that happened: its sequence number, its topic's words and the resource after it. */
export interface WatchEvent {
  id: number;
  key: string[];
  message: unknown;
}

/** `live`: the stream is open; `reconnecting`: it is being opened (again); `paused`: by the caller. */
export type WatchState = 'reconnecting' | 'live' | 'paused';

export interface WatchOptions {
  /** Address of the site, with a trailing slash. */
  base: string;
  /** Topic patterns; `*` stands for exactly one word. */
  patterns: string[];
  /** Events after this sequence number are wanted: the cursor of the snapshot. */
  since: number;
  /** Called for each event once, in order. */
  onEvent: (event: WatchEvent) => void;
  /** The server no longer has the events after our cursor: take a new snapshot and watch from there. The watch has ended. */
  onExpired: () => void;
  /** The server refused the stream for good (such as without permission). The watch has ended. */
  onRefused?: (error: ApiError) => void;
  onState?: (state: WatchState) => void;
  fetch?: typeof fetch;
  /** Asked at each attempt: the API token to send, where there is one. */
  token?: () => string | undefined;
  /** Milliseconds: first and longest pause before a new attempt, and the silence after which a stream counts as dead. */
  timing?: { first: number; longest: number; silence: number };
  /** A number in 0..1, for spreading many clients' attempts. */
  random?: () => number;
}

export interface Watch {
  /** Sequence number up to which everything has been delivered. */
  readonly cursor: number;
  /** Other patterns from here on, without a gap: the stream is opened again at the cursor. */
  setPatterns(patterns: string[]): void;
  /** Closes the stream for a while; it continues at the cursor, without a gap. */
  pause(paused: boolean): void;
  /** Tries at once if it waits for the next attempt, as when the network is back. */
  retry(): void;
  /** Ends it for good; no callback comes after. */
  close(): void;
}

// A server sends a bookmark about every 10 s when idle, so three missed ones are a dead connection.
const TIMING = { first: 500, longest: 15_000, silence: 35_000 };

/**
 * Follows events from a cursor over server-sent events: no gap and no repetition, across lost connections and
 * restarts of the server. Reads the stream with `fetch`, so that the status (410: cursor expired) is seen.
 */
export function watch(options: WatchOptions): Watch {
  return new Stream(options);
}

class Stream implements Watch {
  cursor: number;
  readonly #options: WatchOptions;
  readonly #timing: typeof TIMING;
  #patterns: string[];
  #connection: AbortController | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  #paused = false;
  #ended = false;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#timing = options.timing ?? TIMING;
    this.cursor = options.since;
    this.#patterns = [...options.patterns];
    this.#open();
  }

  setPatterns(patterns: string[]): void {
    if (patterns.length === this.#patterns.length && patterns.every((p, i) => p === this.#patterns[i])) return;
    this.#patterns = [...patterns];
    if (!this.#ended && !this.#paused) this.#open();
  }

  pause(paused: boolean): void {
    if (this.#ended || paused === this.#paused) return;
    this.#paused = paused;
    if (!paused) return this.#open();
    this.#drop();
    this.#options.onState?.('paused');
  }

  retry(): void {
    if (this.#ended || this.#paused || this.#connection) return;
    this.#failures = 0;
    this.#open();
  }

  close(): void {
    this.#ended = true;
    this.#drop();
  }

  #drop(): void {
    clearTimeout(this.#timer);
    this.#connection?.abort();
    this.#connection = undefined;
  }

  #open(): void {
    this.#drop();
    const connection = new AbortController();
    this.#connection = connection;
    this.#options.onState?.('reconnecting');
    this.#run(connection).then(
      () => this.#again(connection),
      (error: unknown) => this.#failed(connection, error),
    );
  }

  async #run(connection: AbortController): Promise<void> {
    const url = `${this.#options.base}sse/listen${encodeQuery({ path: this.#patterns, since: this.cursor })}`;
    this.#expectSomething(connection);
    const send = this.#options.fetch ?? ((input: RequestInfo | URL, init?: RequestInit) => fetch(input, init));
    const headers = { Accept: 'text/event-stream', ...authorization(this.#options.token?.()) };
    const response = await send(url, { headers, cache: 'no-store', signal: connection.signal });
    if (connection !== this.#connection) return;
    if (!response.ok) throw await streamError(response);
    if (!response.body) throw new ApiError(response.status, 'unexpected', 'The event stream has no body.');
    this.#options.onState?.('live');

    const parser = new SseParser();
    const decoder = new TextDecoder();
    const reader = response.body.getReader();
    for (;;) {
      this.#expectSomething(connection);
      const { done, value } = await reader.read();
      if (connection !== this.#connection) return void reader.cancel().catch(() => undefined);
      if (done) return;
      for (const event of parser.push(decoder.decode(value, { stream: true }))) {
        // Only something of use counts: a server that greets and hangs up at once is not asked again and again.
        if (this.#take(event)) this.#failures = 0;
        // The caller may have closed the watch, or changed its patterns, while it took the event.
        if (connection !== this.#connection) return;
      }
    }
  }

  /** Takes an event or a bookmark; false where it is neither. */
  #take(event: SseEvent): boolean {
    if (event.id === undefined || !/^\d+$/.test(event.id)) return false;
    const id = Number(event.id);
    if (id <= this.cursor) return true;
    if (event.event === 'bookmark') this.cursor = id;
    if (event.event !== 'event') return event.event === 'bookmark';
    const { key, message } = JSON.parse(event.data) as { key: string[]; message: unknown };
    // Before the callback, which may open the stream again at the cursor.
    this.cursor = id;
    try {
      this.#options.onEvent({ id, key, message });
    } catch (error) {
      // The caller's fault is told as such, and does not cut the stream.
      queueMicrotask(() => {
        throw error;
      });
    }
    return true;
  }

  /** A connection that stays silent for too long is dropped and tried again. */
  #expectSomething(connection: AbortController): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      connection.abort();
      this.#again(connection);
    }, this.#timing.silence);
  }

  #failed(connection: AbortController, error: unknown): void {
    if (connection !== this.#connection || this.#ended) return;
    if (!(error instanceof ApiError)) return this.#again(connection);
    if (error.status === 410) {
      this.close();
      this.#options.onExpired();
    } else if (error.status === 400 || error.status === 401 || error.status === 403) {
      this.close();
      this.#options.onRefused?.(error);
    } else this.#again(connection);
  }

  #again(connection: AbortController): void {
    if (connection !== this.#connection || this.#ended || this.#paused) return;
    this.#drop();
    this.#options.onState?.('reconnecting');
    const pause = Math.min(this.#timing.longest, this.#timing.first * 2 ** this.#failures);
    this.#failures = Math.min(this.#failures + 1, 16);
    const random = this.#options.random ?? Math.random;
    this.#timer = setTimeout(() => this.#open(), pause * (0.5 + random() / 2));
  }
}

async function streamError(response: Response): Promise<ApiError> {
  const text = await response.text().catch(() => '');
  try {
    const body = JSON.parse(text) as { error?: string; code?: string; field?: string };
    // A master whose history was made anew, or put back, does not know our place: as if it were too old.
    if (response.status === 400 && body.field === 'cursor') return new ApiError(410, 'cursor_expired', body.error ?? text);
    return new ApiError(response.status, body.code ?? 'error', body.error ?? text);
  } catch {
    return new ApiError(response.status, 'error', `The event stream was refused with HTTP ${response.status}.`);
  }
}
