import type { Cell, CellBuild, Cells } from './cells.ts';
import type { Line, Neighbours } from './lines.ts';
import { isBad, statusOf, type Status } from './status.ts';

/** What a cell shows at a glance. */
export interface Face {
  status: Status;
  /** The newest build: of its own, or of the later line that has this one in it. */
  build: CellBuild | undefined;
  /** How many builds there are; of a group of builders, how many builders somebody has to look at. */
  count: number;
  /** Requests that wait beside the builds. */
  waiting: number;
  /** There was no build of this line alone: the build of a later one has it in it. */
  included: boolean;
  /** That later line is the one before this one, as they are shown. */
  linked: boolean;
  /** The same build stands in the line before, or the one behind, as they are shown. */
  before: boolean;
  behind: boolean;
  /** The next earlier line, which is shown behind, is included in the build here. */
  tail: boolean;
}

/** How many later lines are asked whether their build includes a line: without a bound, a sparse table would be slow. */
const REACH = 30;

/** What is shown: lines, the newest first, and what is known of them. */
export interface Table {
  lines: readonly Line[];
  near: Neighbours;
  cells: Cells;
}

/** The face of the cell of a line and a builder; nothing where it is empty. */
export function faceOf(table: Table, place: number, builderid: number): Face | undefined {
  const own = cellAt(table, place, builderid);
  const cell = own ?? includedIn(table, place, builderid);
  if (!cell) return undefined;
  const build = cell.builds[0];
  const next = table.near.earlier[place] ?? -1;
  const tail = next === place + 1 && build !== undefined && !cellAt(table, next, builderid);
  const status = build ? buildStatus(build) : 'pending';
  if (!own) return { status, build, count: 1, waiting: 0, included: true, linked: table.near.later[place] === place - 1, before: false, behind: false, tail };
  const same = (other: number): boolean => build !== undefined && cellAt(table, other, builderid)?.builds[0]?.buildid === build.buildid;
  const waiting = build ? own.waiting.length : 0;
  return { status, build, count: build ? own.builds.length : own.waiting.length, waiting, included: false, linked: false, before: same(place - 1), behind: same(place + 1), tail };
}

/** The face, if it stands as one of those that are wanted; of no wish, any. */
export function only(face: Face | undefined, wanted: ReadonlySet<Status>): Face | undefined {
  return face && (wanted.size === 0 || wanted.has(face.status)) ? face : undefined;
}

/** The status of a cell's build. */
export function buildStatus(build: CellBuild): Status {
  return statusOf({ complete: build.complete, results: build.results, started_at: build.started_at });
}

function cellAt({ lines, cells }: Table, place: number, builderid: number): Cell | undefined {
  const line = lines[place];
  return line && cells.get(line.key, builderid);
}

/** The cell of the next later line of the same history that has anything: its build has this line in it. */
function includedIn(table: Table, place: number, builderid: number): Cell | undefined {
  for (let step = 0, at = table.near.later[place] ?? -1; at >= 0 && step < REACH; step++, at = table.near.later[at] ?? -1) {
    const cell = cellAt(table, at, builderid);
    // What waits only is not certain to be built.
    if (cell) return cell.builds.length > 0 ? cell : undefined;
  }
  return undefined;
}

const WORST: readonly Status[] = ['failure', 'exception', 'running', 'pending', 'warnings', 'cancelled', 'retry', 'success', 'skipped'];

/** The face of a group of builders: the worst of theirs, and how many are bad. */
export function faceOfGroup(table: Table, place: number, builderids: readonly number[]): Face | undefined {
  const faces = builderids.flatMap((id) => faceOf(table, place, id) ?? []).filter((face) => !face.included);
  if (faces.length === 0) return undefined;
  const status = WORST.find((one) => faces.some((face) => face.status === one)) ?? 'none';
  const count = faces.filter((face) => isBad(face.status)).length;
  return { status, build: undefined, count, waiting: 0, included: false, linked: false, before: false, behind: false, tail: false };
}
