import type { Stretch } from './axis.ts';
import { firstAt } from './column.ts';

/** Pixels that a break is high, whatever its length. */
export const BREAK = 34;

/**
 * Time in which idle stretches are cut short. It goes on without a jump, and never back: within a break it only goes faster. So
 * each moment has a place and each place a moment; both are found by halving.
 */
export class Breaks {
  /** In their order; none touches another. */
  readonly all: readonly Stretch[];
  /** For each break the seconds that were cut out before it. */
  readonly #cut: number[] = [];
  /** Seconds of shown time that each of them takes. */
  readonly #short: number;
  #near = -1;
  #from = NaN;
  #shown = NaN;

  /** Cuts these stretches, in their order, down to `short` seconds each. */
  constructor(idle: readonly Stretch[], short: number) {
    this.all = idle;
    this.#short = short;
    let cut = 0;
    for (const { from, to } of idle) {
      this.#cut.push(cut);
      cut += to - from - short;
    }
  }

  /** Shown seconds from one moment to another. Many are asked for from the same one. */
  between(from: number, to: number): number {
    if (from !== this.#from) [this.#from, this.#shown] = [from, this.shown(from)];
    return this.shown(to) - this.#shown;
  }

  /** A moment in shown seconds, which are as long as others but for breaks. */
  shown(at: number): number {
    const i = this.#last(at);
    const found = this.all[i];
    if (!found) return at;
    const length = found.to - found.from;
    const cut = this.#cut[i] as number;
    if (at >= found.to) return at - cut - (length - this.#short);
    return found.from - cut + (at - found.from) * (this.#short / length);
  }

  /** The moment of shown seconds. */
  moment(shown: number): number {
    const i = firstAt(this.all.length, (one) => this.#begin(one) > shown) - 1;
    const found = this.all[i];
    if (!found) return shown;
    const length = found.to - found.from;
    const into = shown - this.#begin(i);
    if (into >= this.#short) return shown + (this.#cut[i] as number) + (length - this.#short);
    return found.from + into * (length / this.#short);
  }

  /** The breaks that a stretch meets. */
  within({ from, to }: Stretch): readonly Stretch[] {
    const first = firstAt(this.all.length, (one) => (this.all[one] as Stretch).to > from);
    const last = firstAt(this.all.length, (one) => (this.all[one] as Stretch).from >= to);
    return this.all.slice(first, last);
  }

  /** The last break that begins at a moment or before it; -1: none. Mostly it is the one that was asked for last. */
  #last(at: number): number {
    const near = this.#near;
    const begun = (this.all[near]?.from ?? -Infinity) <= at;
    if (begun && at < (this.all[near + 1]?.from ?? Infinity)) return near;
    return (this.#near = firstAt(this.all.length, (one) => (this.all[one] as Stretch).from > at) - 1);
  }

  #begin(i: number): number {
    return (this.all[i] as Stretch).from - (this.#cut[i] as number);
  }
}
