import type { Cell } from '../../document.ts';
import type { Query } from '../../query.ts';
import type { Build, Buildset, BuildRequest } from '../../types.ts';
import type { Reader } from '../read.ts';
import { fewAtATime } from '../rows.ts';
import { cellOf } from './choice.ts';

/** Buildsets that are looked at, the newest ones. */
const BUILDSETS = 1000;
/** Builds, and requests, of one cell. */
const DEEP = 20;
/** Requests that are read, and their builds. */
const REQUESTS = 10_000;
/** Ids in one question. */
const NAMED = 100;

/** The newest buildsets. */
export function newestBuildsets(reader: Reader, signal?: AbortSignal): Promise<Buildset[]> {
  return reader.rows('buildsets', 'buildsets', { order: '-bsid', limit: BUILDSETS }, signal);
}

/** What of buildsets was asked for, and what was built of that. */
export interface Asked {
  requests: BuildRequest[];
  builds: Map<number, Build[]>;
}

/** The requests of buildsets and their builds, those of the builders. */
export async function askedFor(reader: Reader, buildsets: Iterable<number>, builders: Set<number>, signal?: AbortSignal): Promise<Asked> {
  const found = await named(reader, 'buildrequests', 'buildsetid', [...buildsets], 'buildrequestid', signal);
  const requests = found.filter((request) => builders.has(request.builderid));
  const built = requests.filter((request) => request.claimed || request.complete).map((request) => request.buildrequestid);
  const builds = new Map<number, Build[]>();
  for (const build of await named(reader, 'builds', 'buildrequestid', built, 'buildid', signal)) {
    if (build.buildrequestid === null) continue;
    const list = builds.get(build.buildrequestid);
    if (list) list.push(build);
    else builds.set(build.buildrequestid, [build]);
  }
  return { requests, builds };
}

/**
 * Rows whose field is one of these ids. Where they lie close together one question for the whole range is as good and
 * cheaper for the server, else they are named, some at a time.
 */
async function named<R extends 'builds' | 'buildrequests'>(reader: Reader, resource: R, field: string, ids: number[], id: string, signal?: AbortSignal) {
  if (ids.length === 0) return [];
  const wanted = new Set(ids);
  const [low, high] = [Math.min(...ids), Math.max(...ids)];
  const rowsOf = (query: Query) => reader.rows(resource, resource, { ...query, order: `-${id}`, limit: REQUESTS }, signal);
  if (ids.length > 4 && high - low < ids.length * 4) {
    const rows = await rowsOf({ [`${field}__ge`]: low, [`${field}__le`]: high });
    return rows.filter((row) => wanted.has((row as unknown as Record<string, number>)[field] ?? 0));
  }
  const parts = Array.from({ length: Math.ceil(ids.length / NAMED) }, (_, at) => ids.slice(at * NAMED, (at + 1) * NAMED));
  return (await fewAtATime(parts, (part) => rowsOf({ [field]: part }), 3)).flat();
}

/** The cells of rows, each of which is the buildsets with these ids. */
export function cellsOf(rows: Iterable<number>[], asked: Asked): Cell[] {
  const places = new Map<number, number[]>();
  for (const [row, buildsets] of rows.entries()) {
    for (const bsid of new Set(buildsets)) places.set(bsid, [...(places.get(bsid) ?? []), row]);
  }
  const cells = new Map<string, Cell>();
  for (const request of asked.requests) {
    const builds = asked.builds.get(request.buildrequestid) ?? [];
    const waits = !request.complete && !builds.some((build) => !build.complete);
    if (builds.length === 0 && !waits) continue;
    for (const row of places.get(request.buildsetid) ?? []) {
      const key = `${row}.${request.builderid}`;
      const cell = cells.get(key) ?? { row, builderid: request.builderid, builds: [] };
      cells.set(key, cell);
      cell.builds.push(...builds.map(cellOf));
      if (waits) cell.waiting = [...(cell.waiting ?? []), request.buildrequestid];
    }
  }
  for (const cell of cells.values()) {
    cell.builds = cell.builds.toSorted((a, b) => b[0] - a[0]).slice(0, DEEP);
    if (cell.waiting) cell.waiting = cell.waiting.toSorted((a, b) => a - b).slice(0, DEEP);
  }
  return [...cells.values()].toSorted((a, b) => a.row - b.row || a.builderid - b.builderid);
}
