import type { BuildCell, Builder, Cell, Change, GridRevision } from '../../client/index.ts';
import { chosen } from './views.ts';
import type { World } from './world.ts';

/** What a view of the server's answers: builders, cells, and what their rows are. */
export interface Table {
  builders: Builder[];
  cells: Cell[];
  revisions?: GridRevision[];
  changes?: Change[];
}

/** Builders by revisions: equal sets of source stamps are one, the one that was asked for last comes first. */
export function gridView(world: World, query: URLSearchParams): Table {
  const builders = byName(world, query);
  const ids = new Set(builders.map(({ builderid }) => builderid));
  const asked = new Set(world.requests.filter(({ builderid }) => ids.has(builderid)).map(({ buildsetid }) => buildsetid));
  const found = new Map<string, { revision: GridRevision; sets: number[] }>();
  for (const { bsid, sourcestamps, submitted_at } of world.buildsets.toReversed()) {
    if (!asked.has(bsid) || !sourcestamps.some((stamp) => fits(stamp, query))) continue;
    const key = sourcestamps.map(({ ssid }) => ssid).join();
    const known = found.get(key);
    if (known) known.sets.push(bsid);
    else found.set(key, { revision: { sourcestamps: sourcestamps as GridRevision['sourcestamps'], submitted_at, submitted_at_us: submitted_at * 1e6 }, sets: [bsid] });
  }
  const rows = [...found.values()].sort((a, b) => b.revision.submitted_at - a.revision.submitted_at).slice(0, limitOf(query));
  return { builders, cells: cells(world, ids, rows.map(({ sets }) => sets)), revisions: rows.map(({ revision }) => revision) };
}

/** Changes by builders: beside a change stand the builds of the buildsets that list it, or build its source stamp. */
export function consoleView(world: World, query: URLSearchParams): Table {
  const builders = byName(world, query);
  const before = Number(query.get('before_changeid') ?? Infinity);
  const changes = world.changes.filter((change) => change.changeid < before && fits(change, query)).toReversed().slice(0, limitOf(query));
  const sets = new Map(changes.map((change) => [change.changeid, new Set<number>()]));
  const ofStamp = new Map(changes.map(({ changeid, sourcestamp }) => [sourcestamp.ssid, changeid]));
  for (const { bsid, sourcestamps } of world.buildsets) {
    for (const changeid of world.changesOf.get(bsid) ?? []) sets.get(changeid)?.add(bsid);
    for (const { ssid } of sourcestamps) sets.get(ofStamp.get(ssid) ?? 0)?.add(bsid);
  }
  return { builders, cells: cells(world, new Set(builders.map(({ builderid }) => builderid)), [...sets.values()].map((set) => [...set])), changes };
}

function byName(world: World, query: URLSearchParams): Builder[] {
  return chosen(world, query).toSorted((a, b) => a.name.localeCompare(b.name, 'en'));
}

function fits(source: { branch: string | null; codebase: string }, query: URLSearchParams): boolean {
  const [branch, codebase] = [query.get('branch'), query.get('codebase')];
  return (branch === null || source.branch === branch) && (codebase === null || source.codebase === codebase);
}

function limitOf(query: URLSearchParams): number {
  return Math.min(200, Number(query.get('limit') ?? 50));
}

/** The cells of rows of buildsets. */
function cells(world: World, builders: ReadonlySet<number>, rows: number[][]): Cell[] {
  const rowsOf = new Map<number, number[]>();
  for (const [row, sets] of rows.entries()) for (const bsid of sets) rowsOf.set(bsid, [...(rowsOf.get(bsid) ?? []), row]);
  const found = new Map<string, Cell & { waiting: number[] }>();
  const at = (row: number, builderid: number): Cell & { waiting: number[] } => {
    const key = `${row} ${builderid}`;
    const cell = found.get(key) ?? { row, builderid, builds: [], waiting: [] };
    found.set(key, cell);
    return cell;
  };
  const running = new Set(world.builds.filter(({ complete }) => !complete).map(({ buildrequestid }) => buildrequestid));
  const requests = new Map(world.requests.map((request) => [request.buildrequestid, request]));
  for (const request of requests.values()) {
    if (request.complete || running.has(request.buildrequestid) || !builders.has(request.builderid)) continue;
    for (const row of rowsOf.get(request.buildsetid) ?? []) at(row, request.builderid).waiting.push(request.buildrequestid);
  }
  for (const build of world.builds.toReversed()) {
    const request = requests.get(build.buildrequestid ?? 0);
    if (!request || !builders.has(build.builderid)) continue;
    const { buildid, number, started_at, complete_at, results } = build;
    const cell: BuildCell = [buildid, number, started_at * 1e6, complete_at === null ? null : complete_at * 1e6, results];
    for (const row of rowsOf.get(request.buildsetid) ?? []) at(row, build.builderid).builds.push(cell);
  }
  return [...found.values()].map(({ waiting, ...cell }) => ({ ...cell, builds: cell.builds.slice(0, 20), ...(waiting.length > 0 ? { waiting: waiting.slice(0, 20) } : {}) }));
}
