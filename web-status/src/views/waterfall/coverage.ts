import type { Stretch } from './axis.ts';

/** Which stretches of time are known: disjoint, in their order. Begin belongs to a stretch, end does not. */
export class Coverage {
  #known: Stretch[] = [];

  /** Takes a stretch as known. */
  add(from: number, to: number): void {
    if (!(from < to)) return;
    const before = this.#known.filter((one) => one.to < from);
    const after = this.#known.filter((one) => one.from > to);
    const touched = this.#known.slice(before.length, this.#known.length - after.length);
    const whole = { from: Math.min(from, ...touched.map((one) => one.from)), to: Math.max(to, ...touched.map((one) => one.to)) };
    this.#known = [...before, whole, ...after];
  }

  /** What of a stretch is not known. */
  missing(from: number, to: number): Stretch[] {
    const gaps: Stretch[] = [];
    let at = from;
    for (const one of this.#known) {
      if (one.to <= at) continue;
      if (one.from >= to) break;
      if (one.from > at) gaps.push({ from: at, to: one.from });
      at = Math.max(at, one.to);
    }
    if (at < to) gaps.push({ from: at, to });
    return gaps;
  }

  /** Forgets everything outside of a stretch. */
  keep(from: number, to: number): void {
    this.#known = this.#known
      .filter((one) => one.to > from && one.from < to)
      .map((one) => ({ from: Math.max(one.from, from), to: Math.min(one.to, to) }));
  }

  /** What is known, for tests and for those who show it. */
  get known(): readonly Stretch[] {
    return this.#known;
  }
}
