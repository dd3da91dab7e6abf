import type { Stretch } from './axis.ts';
import { BREAK, Breaks } from './breaks.ts';
import type { Column } from './column.ts';
import type { Store } from './store.ts';

/** Which part of the least length of idle time stays as it is at both ends: builds do not touch a break. */
const MARGIN = 0.05;

/**
 * Stretches longer than `least` seconds in which none of these builders built anything, in their order. Time of which not
 * everything is known is not idle, nor is any before `oldest`, where history begins, or to come.
 */
export function idleTime(store: Store, builders: readonly number[], least: number, oldest: number, now: number): Stretch[] {
  const taken: Stretch[] = [];
  for (const builder of builders) {
    taken.push(...store.missing(builder, { from: oldest, to: now }, false));
    taken.push(...busy(store.column(builder), least, oldest, now));
  }
  taken.sort((a, b) => a.from - b.from);
  const idle: Stretch[] = [];
  let at = oldest;
  for (const { from, to } of [...taken, { from: now, to: now }]) {
    if (from - at > least) idle.push({ from: at + least * MARGIN, to: from - least * MARGIN });
    at = Math.max(at, to);
  }
  return idle;
}

/** When a column built something, without regard to pauses that are not longer than `least`: thousands of builds are a few stretches. */
function busy(column: Column, least: number, oldest: number, now: number): Stretch[] {
  const found: Stretch[] = [];
  const [first, last] = column.range(oldest, now);
  for (let i = first; i < last; i++) {
    const built = column.placed[i]?.built;
    if (!built) continue;
    const before = found.at(-1);
    const to = built.end ?? now;
    if (before && built.start - before.to <= least) before.to = Math.max(before.to, to);
    else found.push({ from: built.start, to });
  }
  return found;
}

/** The breaks of a picture: what is idle is looked up anew where something has changed, and laid out anew for another scale. */
export class IdleBreaks {
  /** Idle stretches are cut where they are longer than so many seconds; 0: nothing is cut. */
  least = 0;
  #idle: readonly Stretch[] | undefined;
  #breaks: Breaks | undefined;
  #scale = 0;

  /** Something has changed of which idle time depends. */
  forget(): void {
    this.#idle = undefined;
  }

  /** The breaks at so many pixels for each second; `find` looks up what is idle. */
  at(scale: number, find: (least: number) => readonly Stretch[]): Breaks | undefined {
    if (this.least === 0) return undefined;
    if (this.#idle && this.#breaks && this.#scale === scale) return this.#breaks;
    this.#idle ??= find(this.least);
    this.#scale = scale;
    const short = BREAK / scale;
    // What would hardly be shorter stays as it is.
    return (this.#breaks = new Breaks(this.#idle.filter(({ from, to }) => to - from > 2 * short), short));
  }
}
