import { errorText } from './format.ts';
import type { Found, Seek, Wanted } from './logseek.ts';

const RETRY = 2000;

/** A search that goes through a log part by part, and goes on as the log grows. */
export class Finding {
  /** What was found so far, in the order of the lines. */
  hits: readonly Found[] = $state.raw([]);
  /** Whether it is looking. */
  going = $state(false);
  /** Whether there may be more, which is not looked for. */
  full = $state(false);
  error = $state('');
  /** The first line that was not searched. */
  next = $state(0);
  readonly wanted: Wanted;
  readonly #seek: Seek;
  readonly #most: number;
  readonly #keep: (hit: Found) => boolean;
  readonly #abort = new AbortController();
  #retry: ReturnType<typeof setTimeout> | undefined;

  /** At most `most` lines are found; `keep` leaves some out that only look as if. */
  constructor(seek: Seek, wanted: Wanted, most: number, keep: (hit: Found) => boolean = () => true) {
    this.#seek = seek;
    this.wanted = wanted;
    this.#most = most;
    this.#keep = keep;
  }

  /** Searches on, up to the log's present end at `total`; `total` is a number of lines. */
  upTo(total: number): void {
    if (this.next < total && !this.going && !this.full && this.error === '') void this.#run();
  }

  close(): void {
    clearTimeout(this.#retry);
    this.#abort.abort();
  }

  async #run(): Promise<void> {
    this.going = true;
    const { signal } = this.#abort;
    try {
      for (;;) {
        const part = await this.#seek(this.wanted, this.next, signal);
        if (signal.aborted) return;
        const kept = part.hits.filter(this.#keep);
        if (kept.length > 0) this.hits = [...this.hits, ...kept].slice(0, this.#most);
        const stuck = part.next <= this.next;
        this.next = part.next;
        this.full = part.full === true || this.hits.length >= this.#most;
        if (part.complete || stuck || this.full) break;
      }
    } catch (error) {
      if (signal.aborted) return;
      this.error = error instanceof SyntaxError ? error.message : errorText(error);
      // What cannot be searched stays so; what could not be reached may be again.
      const status = typeof error === 'object' && error !== null && 'status' in error ? Number(error.status) : 0;
      if (!(error instanceof SyntaxError) && (status === 0 || status === 429 || status >= 500)) this.#retry = setTimeout(() => (this.error = ''), RETRY);
    }
    this.going = false;
  }
}

/** The place among `lines`, in their order, of the next one behind `from` (or before it, with `back`), around the ends; -1 where there are none. */
export function nextAt(lines: readonly { line: number }[], from: number, back: boolean): number {
  if (lines.length === 0) return -1;
  if (!back) {
    const at = lines.findIndex(({ line }) => line > from);
    return at < 0 ? 0 : at;
  }
  const at = lines.findLastIndex(({ line }) => line < from);
  return at < 0 ? lines.length - 1 : at;
}
