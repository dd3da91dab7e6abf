import type { Builder, Cell, Change, Client } from '../../../client/index.ts';
import { viewQuery, type Choice } from '../../lib/choice.ts';
import { cursorOf } from '../../lib/live.svelte.ts';

/** Changes that one answer has at the most. */
const PAGE = 200;

/** Several answers of the console as one. */
export interface Pages {
  builders: Builder[];
  changes: Change[];
  /** Their rows count over all pages. */
  cells: Cell[];
  /** At which all of it is true: that of the first answer. */
  cursor: number;
  /** Whether there are older changes. */
  more: boolean;
}

/** Reads the newest changes, `wanted` of them, with their cells, in as many answers as it takes; `before`: older than this one. */
export async function readPages(
  client: Client, choice: Choice, wanted: number, builders: readonly number[] | undefined, signal?: AbortSignal, before?: number,
): Promise<Pages> {
  const pages: Pages = { builders: [], changes: [], cells: [], cursor: Infinity, more: true };
  let last = before;
  while (pages.more && pages.changes.length < wanted) {
    const limit = Math.min(PAGE, wanted - pages.changes.length);
    const query = { ...viewQuery(choice), limit, ...(builders ? { builderid: [...builders] } : {}), ...(last === undefined ? {} : { before_changeid: last }) };
    const answer = await client.view('console', query, signal);
    const first = pages.changes.length;
    pages.builders = answer.data.builders;
    pages.cells.push(...answer.data.cells.map((cell) => ({ ...cell, row: cell.row + first })));
    pages.changes.push(...answer.data.changes);
    pages.cursor = Math.min(pages.cursor, cursorOf(answer));
    pages.more = answer.data.changes.length === limit;
    last = pages.changes.at(-1)?.changeid;
  }
  return pages;
}

/** Changes of two lists, each once, the newest first. */
export function merge(one: readonly Change[], other: readonly Change[]): Change[] {
  const all = new Map([...one, ...other].map((change) => [change.changeid, change]));
  return [...all.values()].sort((a, b) => b.changeid - a.changeid);
}
