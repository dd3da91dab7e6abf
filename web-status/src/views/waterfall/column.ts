import type { Results } from '../../../client/index.ts';
import type { Status } from '../../lib/status.ts';

/** What is drawn of a build. Times are UTC seconds with parts. */
export interface Built {
  id: number;
  number: number;
  builderid: number;
  workerid: number | null;
  start: number;
  /** null while it runs. */
  end: number | null;
  results: Results | null;
  state: string;
  /** Number of the event, or of the answer, at which this is true. */
  version: number;
}

/** A build in its lane: builds of one builder that run at the same time lie side by side. */
export interface Placed {
  built: Built;
  lane: number;
  /** How many lie side by side there. */
  lanes: number;
}

const BY_RESULT: readonly Status[] = ['success', 'warnings', 'failure', 'skipped', 'exception', 'retry', 'cancelled'];

/** How a build stands. */
export function statusOfBuilt(built: Built): Status {
  return built.end === null ? 'running' : (BY_RESULT[built.results ?? -1] ?? 'none');
}

/** From the least to the worst: where several share a pixel, the worst shows. */
export const SEVERITY: readonly Status[] = ['none', 'pending', 'skipped', 'success', 'running', 'retry', 'cancelled', 'warnings', 'failure', 'exception'];
const RANK: Readonly<Record<string, number>> = Object.fromEntries(SEVERITY.map((status, rank) => [status, rank]));

/** How bad it is, as a number. */
export function rankOf(built: Built): number {
  return RANK[statusOfBuilt(built)] ?? 0;
}

/** Puts builds, sorted by their start, into lanes in which no two overlap. */
export function place(builds: readonly Built[]): Placed[] {
  const placed: Placed[] = [];
  /** When each lane is free again. */
  let free: number[] = [];
  /** Where the group begins of those that hang together. */
  let group = 0;
  const close = (): void => {
    for (let i = group; i < placed.length; i++) (placed[i] as Placed).lanes = free.length;
    group = placed.length;
    free = [];
  };
  for (const built of builds) {
    if (free.length > 0 && free.every((until) => until <= built.start)) close();
    const found = free.findIndex((until) => until <= built.start);
    const lane = found < 0 ? free.length : found;
    free[lane] = built.end ?? Infinity;
    placed.push({ built, lane, lanes: 1 });
  }
  close();
  return placed;
}

/** The builds of one builder, sorted and in lanes when somebody looks. */
export class Column {
  readonly #builds = new Map<number, Built>();
  #placed: Placed[] = [];
  /** For each place the latest end of all builds up to it. */
  #reach: number[] = [];
  #stale = false;

  get size(): number {
    return this.#builds.size;
  }

  get(id: number): Built | undefined {
    return this.#builds.get(id);
  }

  /** Takes a build, unless what is known of it is newer; true where something changed. */
  put(built: Built): boolean {
    const before = this.#builds.get(built.id);
    if (before && before.version > built.version) return false;
    this.#builds.set(built.id, built);
    this.#stale ||= !before || before.start !== built.start || before.end !== built.end;
    // In its lane it is the same build, as it is now.
    if (before && !this.#stale) this.#placed = this.#placed.map((one) => (one.built === before ? { ...one, built } : one));
    return true;
  }

  /** Drops what lies wholly outside of a stretch and does not run; gives the ids that went. */
  keep(from: number, to: number): number[] {
    const gone: number[] = [];
    for (const built of this.#builds.values()) {
      if (built.end !== null && (built.end < from || built.start > to)) gone.push(built.id);
    }
    for (const id of gone) this.#builds.delete(id);
    this.#stale ||= gone.length > 0;
    return gone;
  }

  /** All builds by their start, in lanes. */
  get placed(): readonly Placed[] {
    this.#sort();
    return this.#placed;
  }

  /** The places of the builds that a stretch may show: from the first to before the last. Some of them may have ended. */
  range(from: number, to: number): [first: number, last: number] {
    this.#sort();
    const first = firstAt(this.#reach.length, (i) => (this.#reach[i] as number) >= from);
    const last = firstAt(this.#placed.length, (i) => (this.#placed[i] as Placed).built.start > to);
    return [first, last];
  }

  /** The builds that ran within a stretch. */
  within(from: number, to: number): Placed[] {
    const [first, last] = this.range(from, to);
    return this.#placed.slice(first, last).filter(({ built }) => (built.end ?? Infinity) >= from);
  }

  /** The build that began last. */
  get newest(): Built | undefined {
    return this.placed.at(-1)?.built;
  }

  get running(): boolean {
    return this.placed.some(({ built }) => built.end === null);
  }

  #sort(): void {
    if (!this.#stale) return;
    this.#stale = false;
    this.#placed = place([...this.#builds.values()].sort((a, b) => a.start - b.start || a.id - b.id));
    let latest = -Infinity;
    this.#reach = this.#placed.map(({ built }) => (latest = Math.max(latest, built.end ?? Infinity)));
  }
}

/** The first of `count` places for which it is true, where it is false before and true behind. */
export function firstAt(count: number, is: (at: number) => boolean): number {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (is(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
