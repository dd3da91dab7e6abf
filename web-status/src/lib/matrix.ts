/** Where lines of different heights or widths begin, and behind the last one where they end. */
export function offsets(sizes: readonly number[]): number[] {
  const found = [0];
  let at = 0;
  for (const size of sizes) found.push((at += size));
  return found;
}

/** The lines that lie in a window of them, with some before and behind: `[first, behind the last]`. */
export function inSight(starts: readonly number[], from: number, to: number, margin: number): [number, number] {
  const lines = starts.length - 1;
  const first = Math.max(0, lineAt(starts, from) - margin);
  return [first, Math.min(lines, lineAt(starts, to) + 1 + margin)];
}

/** The line at a place; the first or last one beyond them. */
function lineAt(starts: readonly number[], place: number): number {
  let low = 0;
  let high = Math.max(0, starts.length - 2);
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((starts[middle] ?? 0) <= place) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The numbers from `first` to before `end`, and one that is drawn wherever it is, since the reader's focus is there. */
export function withPinned([first, end]: readonly [number, number], pinned: number, lines: number): number[] {
  const found = Array.from({ length: Math.max(0, end - first) }, (_, i) => first + i);
  if (pinned >= 0 && pinned < lines && pinned < first) found.unshift(pinned);
  if (pinned >= end && pinned < lines) found.push(pinned);
  return found;
}

/** A place in a table: rows and columns from 0; what is above the first row, or before the first column, has negative numbers. */
export interface Spot {
  row: number;
  column: number;
}

/** What there is in a table: its rows and columns, and the headers above them (bands of columns and the columns' own). */
export interface Shape {
  rows: number;
  columns: number;
  /** Header rows: the lowest is -1, a band above it is -2 and so on. */
  headers: number;
  /** Rows that a page has. */
  page: number;
  /** The first and the last column of what stands in a header row at a column. */
  span: (row: number, column: number) => [number, number];
}

/** Where a key leads to; undefined where it is none of a table's keys, or leads nowhere. */
export function move({ row, column }: Spot, key: string, control: boolean, shape: Shape): Spot | undefined {
  const [from, to] = row < 0 && column >= 0 ? shape.span(row, column) : [column, column];
  const last = shape.columns - 1;
  const bottom = shape.rows - 1;
  const steps: Record<string, Spot> = {
    ArrowUp: { row: row - 1, column },
    ArrowDown: { row: row + 1, column },
    ArrowLeft: { row, column: from - 1 },
    ArrowRight: { row, column: to + 1 },
    Home: control ? { row: 0, column: 0 } : { row, column: 0 },
    End: control ? { row: bottom, column: last } : { row, column: last },
    PageUp: { row: Math.max(0, row - shape.page), column },
    PageDown: { row: Math.min(bottom, Math.max(row, 0) + shape.page), column },
  };
  const next = steps[key];
  if (!next) return undefined;
  const inside = next.row >= -shape.headers && next.row <= bottom && next.column >= -1 && next.column <= last;
  // Nothing stands in the corner, above the rows' headers.
  return inside && !(next.row < 0 && next.column < 0) ? next : undefined;
}

/** A name in at most `most` characters: what is in its middle goes first, since names of one kind begin alike and end unlike. */
export function shorten(name: string, most: number): string {
  const letters = [...name];
  if (letters.length <= most) return name;
  const tail = Math.ceil((most - 1) / 2);
  return `${letters.slice(0, most - 1 - tail).join('')}…${letters.slice(-tail).join('')}`;
}
