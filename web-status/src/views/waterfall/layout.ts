import { timeAt, yOf, type Axis } from './axis.ts';
import { rankOf, type Built, type Column } from './column.ts';

/** Where columns are: all have the same width, the first begins at `left`, which is below 0 where they are scrolled. */
export interface Columns {
  left: number;
  width: number;
  count: number;
}

/** A build as it is drawn, or several that share its pixels. */
export interface Box {
  built: Built;
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Pixels of a column that show the same, one below the other. */
export interface Bar {
  y: number;
  height: number;
  /** How bad the worst is that is there: a place in `SEVERITY`. */
  rank: number;
}

/** No build is lower than this, so that it can be seen and met. */
export const LOWEST = 3;
/** With less height than this for each build of a column on average, what is drawn are pixels instead of boxes. */
const CROWDED = 6;
const GAP = 1;

/** The columns that a screen shows: from the first to before the last. */
export function columnsWithin({ left, width, count }: Columns, from: number, to: number): [first: number, last: number] {
  const first = Math.max(0, Math.floor((from - left) / width));
  const last = Math.min(count, Math.ceil((to - left) / width));
  return [first, Math.max(first, last)];
}

/** The pixels from which to which a build goes. */
export function extent(axis: Axis, built: Built, now: number): [top: number, bottom: number] {
  const one = yOf(axis, built.start);
  const other = yOf(axis, Math.max(built.end ?? now, built.start));
  const [top, bottom] = one < other ? [one, other] : [other, one];
  if (bottom - top >= LOWEST) return [top, bottom];
  // It grows away from its start.
  return one === bottom ? [bottom - LOWEST, bottom] : [top, top + LOWEST];
}

/** Whether a column has more builds in sight than a screen of that height can show as boxes. */
export function crowded(column: Column, axis: Axis, height: number): boolean {
  const [first, last] = sight(column, axis, height);
  return (last - first) * CROWDED > height;
}

function sight(column: Column, axis: Axis, height: number): [number, number] {
  // A build that ended shortly before may reach in, for it has a height at least.
  const [one, other] = [timeAt(axis, -LOWEST), timeAt(axis, height + LOWEST)];
  return column.range(Math.min(one, other), Math.max(one, other));
}

/** The boxes of a column that is not crowded; those in sight alone. */
export function boxes(column: Column, axis: Axis, height: number, x: number, width: number, now: number): Box[] {
  const [first, last] = sight(column, axis, height);
  const found: Box[] = [];
  for (let i = first; i < last; i++) {
    const one = column.placed[i];
    if (!one) continue;
    const [top, bottom] = extent(axis, one.built, now);
    if (bottom < 0 || top > height) continue;
    const lane = (width - GAP) / one.lanes;
    found.push({ built: one.built, x: x + one.lane * lane, y: top, width: Math.max(1, lane - GAP), height: bottom - top });
  }
  return found;
}

/**
 * The bars of a crowded column: each pixel shows the worst of the builds that share it. However many builds there are, what
 * is drawn is bounded by the screen's height.
 */
export function bars(column: Column, axis: Axis, height: number, now: number): Bar[] {
  const rows = new Uint8Array(Math.ceil(height));
  const [first, last] = sight(column, axis, height);
  for (let i = first; i < last; i++) {
    const built = column.placed[i]?.built;
    if (!built) continue;
    const [top, bottom] = extent(axis, built, now);
    const rank = rankOf(built);
    for (let y = Math.max(0, Math.floor(top)); y < Math.min(rows.length, Math.ceil(bottom)); y++) if ((rows[y] as number) < rank) rows[y] = rank;
  }
  const found: Bar[] = [];
  for (let y = 0; y < rows.length; y++) {
    const rank = rows[y] as number;
    const before = found.at(-1);
    if (rank === 0) continue;
    if (before?.rank === rank && before.y + before.height === y) before.height++;
    else found.push({ y, height: 1, rank });
  }
  return found;
}

/** What is at a place of a column: the build, and how many more share the place. Of several the worst is told, then the newest. */
export function hit(column: Column, axis: Axis, height: number, across: number, width: number, y: number, now: number): { box: Box; more: number } | undefined {
  const many = crowded(column, axis, height);
  const found = boxes(column, axis, height, 0, width, now).filter(
    (box) => box.y <= y && y <= box.y + box.height && (many || (box.x <= across && across <= box.x + box.width + GAP)),
  );
  const [best] = found.sort((a, b) => rankOf(b.built) - rankOf(a.built) || b.built.start - a.built.start);
  return best && { box: many ? { ...best, x: 0, width } : best, more: found.length - 1 };
}

/** Of these builds the one that is nearest in time to a moment. */
export function nearest(column: Column, at: number): Built | undefined {
  let best: Built | undefined;
  let least = Infinity;
  for (const { built } of column.placed) {
    const end = built.end ?? Infinity;
    const away = at < built.start ? built.start - at : at > end ? at - end : 0;
    if (away < least || (away === least && best && built.start > best.start)) [best, least] = [built, away];
  }
  return best;
}
