import type { Build, Builder, Change, Step, Views } from '../../../client/index.ts';
import type { Stretch } from './axis.ts';
import { Column, type Built } from './column.ts';
import { Coverage } from './coverage.ts';

/** What an answer was asked for. */
export interface Asked extends Stretch {
  /** undefined: all builders. */
  builders?: readonly number[];
  steps: boolean;
}

/** Who shows what a store holds: the builder whose column changed, or undefined where much did. */
export type Hearer = (builderid: number | undefined) => void;

const NOTHING = new Column();

/**
 * What is known of builds and changes: by builder, with the stretches of time of which everything is known. It is no state
 * of Svelte's: thousands of builds come and go without anything being drawn but what is in sight of them.
 */
export class Store {
  readonly #columns = new Map<number, Column>();
  readonly #known = new Map<number, Coverage>();
  readonly #stepped = new Map<number, Coverage>();
  readonly #steps = new Map<number, Map<number, Step>>();
  readonly #changes = new Map<number, Change>();
  readonly #hearers = new Set<Hearer>();
  /** The builder of each build that is held. */
  readonly #builders = new Map<number, number>();
  #sorted: Change[] | undefined;
  #wanted = false;

  /** Whether steps are taken; where nobody sees them, they are forgotten. */
  get steps(): boolean {
    return this.#wanted;
  }
  set steps(wanted: boolean) {
    this.#wanted = wanted;
    if (wanted) return;
    this.#stepped.clear();
    this.#steps.clear();
  }

  /** How many builds are held. */
  get size(): number {
    return this.#builders.size;
  }

  hear(hearer: Hearer): () => void {
    this.#hearers.add(hearer);
    return () => this.#hearers.delete(hearer);
  }

  /** Forgets everything, as where a new snapshot is read. */
  clear(): void {
    for (const all of [this.#columns, this.#known, this.#stepped, this.#steps, this.#changes, this.#builders]) all.clear();
    this.#sorted = undefined;
  }

  /** The builds of a builder. */
  column(builderid: number): Column {
    return this.#columns.get(builderid) ?? NOTHING;
  }

  /** The steps of a build that are known, by their number. */
  stepsOf(buildid: number): Step[] {
    return [...(this.#steps.get(buildid)?.values() ?? [])].sort((a, b) => a.number - b.number);
  }

  /** The changes of a stretch, the newest first. */
  changes({ from, to }: Stretch): Change[] {
    this.#sorted ??= [...this.#changes.values()].sort((a, b) => b.when_timestamp - a.when_timestamp || b.changeid - a.changeid);
    return this.#sorted.filter((change) => change.when_timestamp >= from && change.when_timestamp <= to);
  }

  /** What of a stretch is not known of a builder. */
  missing(builderid: number, { from, to }: Stretch, steps: boolean): Stretch[] {
    const known = (steps ? this.#stepped : this.#known).get(builderid);
    return known ? known.missing(from, to) : [{ from, to }];
  }

  /** Takes an answer: what was asked for is known from `complete_from` on. `live`: events tell what comes after it. */
  take(view: Views['waterfall'], asked: Asked, cursor: number, live = false): void {
    for (const build of view.builds) this.#put(builtOf(build, cursor));
    if (this.#wanted) for (const step of view.steps) this.#putStep(step);
    for (const change of view.changes) this.#changes.set(change.changeid, change);
    this.#sorted = undefined;
    const from = Math.max(asked.from, fine(view.complete_from, view.complete_from_us));
    const to = live ? Infinity : asked.to;
    for (const id of asked.builders ?? view.builders.map((builder) => builder.builderid)) {
      coverage(this.#known, id).add(from, to);
      if (asked.steps && this.#wanted) coverage(this.#stepped, id).add(from, to);
    }
    this.#tell(undefined);
  }

  /** Takes a builder that was configured while one watched: nothing of it is missed. */
  begin(builder: Builder): void {
    if (this.#known.has(builder.builderid)) return;
    coverage(this.#known, builder.builderid).add(0, Infinity);
    coverage(this.#stepped, builder.builderid).add(0, Infinity);
  }

  /** Takes an event about a build. */
  applyBuild(build: Build, event: number): void {
    if (this.#put(builtOf(build, event))) this.#tell(build.builderid);
  }

  /** Takes an event about a step; those of builds that are not known are not kept. */
  applyStep(step: Step): void {
    const builderid = this.#builders.get(step.buildid);
    if (!this.#wanted || builderid === undefined || step.started_at === null) return;
    this.#putStep(step);
    this.#tell(builderid);
  }

  applyChange(change: Change): void {
    this.#changes.set(change.changeid, change);
    this.#sorted = undefined;
    this.#tell(undefined);
  }

  /** Lets go of what lies outside of a stretch, and of all of the builders that are not among those to be kept. */
  keep({ from, to }: Stretch, builders: ReadonlySet<number>): void {
    for (const [builderid, column] of this.#columns) {
      // What comes by events is there from now on in any case.
      const begin = builders.has(builderid) ? from : Infinity;
      for (const id of column.keep(begin, builders.has(builderid) ? to : Infinity)) {
        this.#builders.delete(id);
        this.#steps.delete(id);
      }
      for (const known of [this.#known, this.#stepped]) known.get(builderid)?.keep(begin, to);
    }
    for (const [id, change] of this.#changes) if (change.when_timestamp < from || change.when_timestamp > to) this.#changes.delete(id);
    this.#sorted = undefined;
  }

  #put(built: Built): boolean {
    let column = this.#columns.get(built.builderid);
    if (!column) this.#columns.set(built.builderid, (column = new Column()));
    this.#builders.set(built.id, built.builderid);
    return column.put(built);
  }

  #putStep(step: Step): void {
    let steps = this.#steps.get(step.buildid);
    if (!steps) this.#steps.set(step.buildid, (steps = new Map()));
    const before = steps.get(step.number);
    // An answer that is read while events come may be older than they are.
    if (!before?.complete || step.complete) steps.set(step.number, step);
  }

  #tell(builderid: number | undefined): void {
    for (const hearer of this.#hearers) hearer(builderid);
  }
}

function coverage(of: Map<number, Coverage>, id: number): Coverage {
  let found = of.get(id);
  if (!found) of.set(id, (found = new Coverage()));
  return found;
}

/** Seconds with parts, where the server tells them. */
export function fine(seconds: number, micros: number | null | undefined): number {
  return typeof micros === 'number' ? micros / 1e6 : seconds;
}

/** A build as it is drawn, true at `version`. */
export function builtOf(build: Build, version: number): Built {
  return {
    id: build.buildid,
    number: build.number,
    builderid: build.builderid,
    workerid: build.workerid,
    start: fine(build.started_at, build.started_at_us),
    end: build.complete_at === null ? null : fine(build.complete_at, build.complete_at_us),
    results: build.results,
    state: build.state_string,
    version,
  };
}
