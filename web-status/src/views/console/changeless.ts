import type { Cell, Change, Client, GridRevision } from '../../../client/index.ts';
import { viewQuery, type Choice } from '../../lib/choice.ts';
import { lineOfRevision, revisionKey, type Line } from '../../lib/lines.ts';
import { cursorOf } from '../../lib/live.svelte.ts';

/** Revisions, with and without changes, that the server tells of at the most. */
export const MOST = 200;
/** Source stamps that are asked about at a time. */
const TOGETHER = 50;
const NO_CHANGES: ReadonlyMap<number, Change> = new Map();

/** What was built of revisions of which no change is known. */
export interface Found {
  revisions: GridRevision[];
  /** Their rows are places in `revisions`. */
  cells: Cell[];
  cursor: number;
}

/** Finds what was built of revisions of which no change is known. The server tells of them among all others, as the grid has them. */
export class Changeless {
  readonly #client: Client;
  /** Whether there is a change of a source stamp, as far as that is known. */
  readonly #changed = new Map<number, boolean>();

  constructor(client: Client) {
    this.#client = client;
  }

  /** Takes note of changes, so that nobody has to be asked about their source stamps. */
  learn(changes: readonly Change[]): void {
    for (const { sourcestamp } of changes) this.#changed.set(sourcestamp.ssid, true);
  }

  /** Whether none of a revision's source stamps is a change's. */
  holds({ sourcestamps }: GridRevision): boolean {
    return sourcestamps.every(({ ssid }) => this.#changed.get(ssid) !== true);
  }

  /** Reads the newest of them; of all builders that are chosen, or of some. */
  async read(choice: Choice, builders: readonly number[] | undefined, signal?: AbortSignal): Promise<Found> {
    // Changes may have come of those that had none, and nobody told of it.
    if (!builders) for (const [ssid, changed] of this.#changed) if (!changed) this.#changed.delete(ssid);
    const grid = await this.#client.view('grid', { ...viewQuery(choice), limit: MOST, ...(builders ? { builderid: [...builders] } : {}) }, signal);
    const all = grid.data.revisions;
    await this.#ask(all.flatMap(({ sourcestamps }) => sourcestamps.map(({ ssid }) => ssid)), signal);
    const revisions = all.filter((revision) => this.holds(revision));
    const rows = new Map(revisions.map((revision, row) => [all.indexOf(revision), row]));
    const cells = grid.data.cells.flatMap((cell) => {
      const row = rows.get(cell.row);
      return row === undefined ? [] : [{ ...cell, row }];
    });
    return { revisions, cells, cursor: cursorOf(grid) };
  }

  async #ask(ssids: readonly number[], signal?: AbortSignal): Promise<void> {
    const unknown = [...new Set(ssids)].filter((ssid) => !this.#changed.has(ssid));
    for (let at = 0; at < unknown.length; at += TOGETHER) {
      const ssid = unknown.slice(at, at + TOGETHER);
      const { data } = await this.#client.list('changes', 'changes', { ssid }, signal);
      for (const one of ssid) this.#changed.set(one, false);
      this.learn(data);
    }
  }
}

/** What the row of such a revision is known by; a change's is its number. */
export const rowOf = (revision: GridRevision): string => `r${revisionKey(revision)}`;

/** Whether a row is that of such a revision. */
export const isChangeless = (row: string): boolean => row.startsWith('r');

/** The line of such a revision. */
export function lineOf(revision: GridRevision, codebase: string | undefined): Line {
  return { ...lineOfRevision(revision, NO_CHANGES, codebase), key: rowOf(revision) };
}

/** Lines of changes, in their order, and between them those of revisions, by their times; behind the last change only where no older ones follow. */
export function weave(changes: readonly Line[], revisions: readonly Line[], older: boolean): Line[] {
  const rest = revisions.toSorted((a, b) => b.at - a.at);
  const woven: Line[] = [];
  let next = 0;
  for (const change of changes) {
    for (let line = rest[next]; line && line.at >= change.at; line = rest[++next]) woven.push(line);
    woven.push(change);
  }
  return older ? woven : [...woven, ...rest.slice(next)];
}
