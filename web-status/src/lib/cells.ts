import type { Build, BuildRequest, Cell as ToldCell, Results } from '../../client/index.ts';

/** A build as a cell knows it. Times are UTC seconds. */
export interface CellBuild {
  buildid: number;
  /** Counts from 1 within its builder. */
  number: number;
  started_at: number;
  complete: boolean;
  complete_at: number | null;
  results: Results | null;
}

/** What stands where a row and a builder meet. */
export interface Cell {
  /** The newest first. */
  builds: CellBuild[];
  /** Ids of requests that no build answers yet. */
  waiting: number[];
}

/**
 * What an event did: `changed` a cell; was `old` news, or about what stands in no cell; or is about something `unknown`,
 * whose place only a read can tell.
 */
export type Outcome = 'changed' | 'old' | 'unknown';

/** Builds that a cell shows; the server tells no more. */
const MOST_IN_CELL = 20;
/** Requests that are remembered to stand in no cell. */
const MOST_ELSEWHERE = 5000;

interface KnownBuild {
  build: CellBuild;
  places: Set<string>;
  /** The event, or the cursor of the answer, at which this is true. */
  version: number;
}

interface KnownRequest {
  places: Set<string>;
  waits: boolean;
  /** The build that runs for it. */
  running?: number;
  version: number;
}

interface Held {
  row: string;
  builderid: number;
  builds: Set<number>;
  requests: Set<number>;
}

/**
 * The cells of a table of rows (revisions or changes) and builders: what answers of the server's views told, carried on by
 * events. An event of a build names its request but no source. So a build stands where its request stood, and a request
 * stands where the view said that it waits; what the view did not tell yet is `unknown`, and its builder is `stale` until
 * it is read again. An answer that is older than an event does not take the event back.
 */
export class Cells {
  readonly #cells = new Map<string, Held>();
  readonly #builds = new Map<number, KnownBuild>();
  readonly #requests = new Map<number, KnownRequest>();
  /** Requests whose place is not known: their builder, the last event that told of them, and whether it was one of a build. */
  readonly #unknown = new Map<number, { builderid: number; event: number; built: boolean }>();
  readonly #elsewhere = new Set<number>();

  /** What stands there; nothing where it is empty. */
  get(row: string, builderid: number): Cell | undefined {
    const held = this.#cells.get(keyOf(row, builderid));
    if (!held) return undefined;
    const ids = [...held.builds];
    if (ids.length > 1) ids.sort((a, b) => b - a);
    const builds = ids.slice(0, MOST_IN_CELL).flatMap((id) => this.#builds.get(id)?.build ?? []);
    const waiting = [...held.requests].filter((id) => this.#requests.get(id)?.waits);
    return builds.length === 0 && waiting.length === 0 ? undefined : { builds, waiting };
  }

  /** Builders of whom something is known whose place has to be read. */
  get stale(): Set<number> {
    return new Set([...this.#unknown.values()].map(({ builderid }) => builderid));
  }

  /**
   * Takes an answer of a view. `rows` are the keys that the cells' row numbers stand for; `covered` says whether the answer
   * would have told of the cell at this row and builder: there, what it does not tell is gone.
   */
  load(rows: readonly string[], told: readonly ToldCell[], cursor: number, covered: (row: string, builderid: number) => boolean): void {
    const fresh = new Map<string, ToldCell>();
    for (const cell of told) {
      const row = rows[cell.row];
      if (row !== undefined) fresh.set(keyOf(row, cell.builderid), cell);
    }
    for (const [key, held] of [...this.#cells]) if (covered(held.row, held.builderid)) this.#forget(key, held, cursor);
    for (const cell of fresh.values()) this.#tell(rows[cell.row] ?? '', cell, cursor);
  }

  /** Says that up to a cursor everything of these builders was read: what is still unknown of them stands in no cell. */
  settle(cursor: number, read: (builderid: number) => boolean): void {
    for (const [id, { builderid, event }] of [...this.#unknown]) {
      if (event > cursor || !read(builderid)) continue;
      this.#unknown.delete(id);
      this.#elsewhere.add(id);
    }
    for (const id of this.#elsewhere) {
      if (this.#elsewhere.size <= MOST_ELSEWHERE) break;
      this.#elsewhere.delete(id);
    }
  }

  /** Drops the cells of rows that are shown no more. */
  keep(rows: ReadonlySet<string>): void {
    for (const [key, held] of [...this.#cells]) if (!rows.has(held.row)) this.#forget(key, held, Infinity);
  }

  /** Begins anew: for another choice of rows, nothing of before holds. */
  clear(): void {
    for (const map of [this.#cells, this.#builds, this.#requests, this.#unknown, this.#elsewhere]) map.clear();
  }

  /** Takes an event of a build. */
  build(row: Build, event: number): Outcome {
    const known = this.#builds.get(row.buildid);
    if (known) {
      if (event <= known.version) return 'old';
      Object.assign(known, { build: cellBuild(row), version: event });
      this.#answered(row, known.places, event);
      return 'changed';
    }
    const request = row.buildrequestid === null ? undefined : this.#requests.get(row.buildrequestid);
    if (!request) return this.#wonder(row.buildrequestid, row.builderid, event, true);
    const places = new Set(request.places);
    this.#builds.set(row.buildid, { build: cellBuild(row), places, version: event });
    for (const key of places) this.#cells.get(key)?.builds.add(row.buildid);
    this.#answered(row, places, event);
    return 'changed';
  }

  /** Takes an event of a build request. */
  request(row: BuildRequest, event: number): Outcome {
    const known = this.#requests.get(row.buildrequestid);
    if (!known) {
      // One that was cancelled before there was a build of it left nothing behind.
      if (row.complete && !this.#unknown.get(row.buildrequestid)?.built) this.#unknown.delete(row.buildrequestid);
      // One that is claimed tells of itself by its build.
      return row.complete || row.claimed ? 'old' : this.#wonder(row.buildrequestid, row.builderid, event, false);
    }
    if (event <= known.version) return 'old';
    const waits = !row.complete && known.running === undefined;
    const changed = waits !== known.waits;
    Object.assign(known, { waits, version: event });
    return changed ? 'changed' : 'old';
  }

  #wonder(requestid: number | null, builderid: number, event: number, built: boolean): Outcome {
    if (requestid === null || this.#elsewhere.has(requestid)) return 'old';
    this.#unknown.set(requestid, { builderid, event, built });
    return 'unknown';
  }

  /** A request does not wait while a build runs for it; where the build stands, the request would. */
  #answered(build: Build, places: ReadonlySet<string>, event: number): void {
    const id = build.buildrequestid;
    if (id === null) return;
    const request = this.#requests.get(id) ?? { places: new Set(places), waits: false, version: event };
    if (!build.complete) Object.assign(request, { waits: false, running: build.buildid, version: event });
    else if (request.running === build.buildid) delete request.running;
    this.#requests.set(id, request);
    this.#unknown.delete(id);
    for (const key of places) this.#cells.get(key)?.requests.add(id);
  }

  /** Empties a cell, but for what is known from events after the cursor. */
  #forget(key: string, held: Held, cursor: number): void {
    for (const [ids, known] of [[held.builds, this.#builds], [held.requests, this.#requests]] as const) {
      for (const id of [...ids]) {
        const one = known.get(id);
        if (one && one.version > cursor) continue;
        ids.delete(id);
        one?.places.delete(key);
        if (one?.places.size === 0) known.delete(id);
      }
    }
    if (held.builds.size === 0 && held.requests.size === 0) this.#cells.delete(key);
  }

  #tell(row: string, told: ToldCell, cursor: number): void {
    const key = keyOf(row, told.builderid);
    const held = this.#cells.get(key) ?? { row, builderid: told.builderid, builds: new Set(), requests: new Set() };
    this.#cells.set(key, held);
    for (const [buildid, number, started, ended, results] of told.builds) {
      held.builds.add(buildid);
      const known = this.#builds.get(buildid);
      known?.places.add(key);
      if (known && known.version > cursor) continue;
      const build = { buildid, number, started_at: started / 1e6, complete: ended !== null, complete_at: ended === null ? null : ended / 1e6, results };
      this.#builds.set(buildid, { build, places: known?.places ?? new Set([key]), version: cursor });
    }
    for (const id of told.waiting ?? []) {
      held.requests.add(id);
      this.#unknown.delete(id);
      this.#elsewhere.delete(id);
      const known = this.#requests.get(id);
      known?.places.add(key);
      if (known && known.version > cursor) continue;
      this.#requests.set(id, { places: known?.places ?? new Set([key]), waits: true, version: cursor });
    }
  }
}

const keyOf = (row: string, builderid: number): string => `${row} ${builderid}`;

function cellBuild(row: Build): CellBuild {
  const { buildid, number, complete, results } = row;
  const started_at = typeof row.started_at_us === 'number' ? row.started_at_us / 1e6 : row.started_at;
  const complete_at = typeof row.complete_at_us === 'number' ? row.complete_at_us / 1e6 : row.complete_at;
  return { buildid, number, started_at, complete, complete_at, results };
}
