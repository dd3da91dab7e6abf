/**
 * Runs something soon after it was asked for, once for all that ask in the meantime, and then not again before a pause
 * after its end: what comes in bursts is answered at once, what comes without end in measure.
 */
export class Pace {
  readonly #work: () => void | Promise<void>;
  readonly #soon: number;
  readonly #pause: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #busy = false;
  #asked = false;
  #ended = -Infinity;

  /** Milliseconds: how soon after the first who asks, and the shortest pause behind the end. */
  constructor(work: () => void | Promise<void>, soon: number, pause: number) {
    this.#work = work;
    this.#soon = soon;
    this.#pause = pause;
  }

  ask(): void {
    if (this.#busy) this.#asked = true;
    else this.#timer ??= setTimeout(() => void this.#run(), Math.max(this.#soon, this.#ended + this.#pause - performance.now()));
  }

  /** Forgets who asked. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#asked = false;
  }

  async #run(): Promise<void> {
    this.#timer = undefined;
    this.#busy = true;
    try {
      await this.#work();
    } finally {
      this.#busy = false;
      this.#ended = performance.now();
      if (this.#asked) {
        this.#asked = false;
        this.ask();
      }
    }
  }
}
