import type { Change, GridRevision, Sourcestamp } from '../../client/index.ts';

/** A revision or a change, as a grid or a console has one for each of its lines. */
export interface Line {
  key: string;
  /** Where it is known. */
  change: Change | undefined;
  /** Of each codebase one. */
  stamps: Sourcestamp[];
  /** The one that the line is called by. */
  stamp: Sourcestamp | undefined;
  /** When the change was made, else when its build was asked for; UTC seconds. */
  at: number;
  /** What it is a part of, such as a branch of a repository: there, a later change has the earlier ones in it. */
  history: string;
  /** Its place in the history: the later the higher; its own beginning where unknown. */
  order: number;
}

/** The line of a change. */
export function lineOfChange(change: Change): Line {
  return {
    key: String(change.changeid), change, stamps: [change.sourcestamp], stamp: change.sourcestamp, at: change.when_timestamp,
    history: historyOf(change.sourcestamp), order: change.changeid,
  };
}

/** What a revision of the grid is known by: its source stamps. */
export function revisionKey(revision: GridRevision): string {
  return revision.sourcestamps.map(({ ssid }) => ssid).join('+');
}

/** The line of a revision; `changes` by the id of their source stamp. Of several codebases, the one with a change names it. */
export function lineOfRevision(revision: GridRevision, changes: ReadonlyMap<number, Change>, codebase: string | undefined): Line {
  const stamps = revision.sourcestamps as Sourcestamp[];
  const wanted = stamps.filter((stamp) => codebase === undefined || stamp.codebase === codebase);
  const known = wanted.filter(({ ssid }) => changes.has(ssid)).toSorted((a, b) => b.ssid - a.ssid);
  const stamp = known[0] ?? wanted[0] ?? stamps[0];
  const change = stamp && changes.get(stamp.ssid);
  return {
    key: revisionKey(revision), change, stamps, stamp, at: change?.when_timestamp ?? revision.submitted_at,
    // A revision of several codebases has more in it than the history of one.
    history: change && stamps.length === 1 ? historyOf(stamp) : '', order: change?.changeid ?? 0,
  };
}

/** A patched source is part of no history. */
function historyOf(stamp: Sourcestamp): string {
  return stamp.patch ? '' : JSON.stringify([stamp.repository, stamp.codebase, stamp.project, stamp.branch]);
}

/** Revisions of two lists, each once as it was asked for last, that which was asked for last first; `most` of them. */
export function mergeRevisions(one: readonly GridRevision[], other: readonly GridRevision[], most: number): GridRevision[] {
  const known = new Map<string, GridRevision>();
  for (const revision of [...one, ...other]) {
    const key = revisionKey(revision);
    if (revision.submitted_at_us >= (known.get(key)?.submitted_at_us ?? 0)) known.set(key, revision);
  }
  return [...known.values()].sort((a, b) => b.submitted_at_us - a.submitted_at_us).slice(0, most);
}

/** For each line the places of the next later and the next earlier one of its history; -1 where there is none. */
export interface Neighbours {
  later: number[];
  earlier: number[];
}

/** Finds the neighbours of lines in their histories. */
export function neighbours(lines: readonly Line[]): Neighbours {
  const found: Neighbours = { later: lines.map(() => -1), earlier: lines.map(() => -1) };
  const histories = new Map<string, number[]>();
  for (const [place, { history }] of lines.entries()) {
    if (history !== '') histories.set(history, [...(histories.get(history) ?? []), place]);
  }
  for (const places of histories.values()) {
    places.sort((a, b) => (lines[a]?.order ?? 0) - (lines[b]?.order ?? 0));
    for (const [i, place] of places.entries()) {
      found.later[place] = places[i + 1] ?? -1;
      found.earlier[place] = places[i - 1] ?? -1;
    }
  }
  return found;
}
