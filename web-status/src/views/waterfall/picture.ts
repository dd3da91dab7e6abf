import type { Builder, Change } from '../../../client/index.ts';
import { timeAt, yOf, type Axis } from './axis.ts';
import type { Built } from './column.ts';
import { columnsWithin, type Columns } from './layout.ts';

/** Everything that a picture is made of, at one moment. */
export interface Picture {
  width: number;
  height: number;
  axis: Axis;
  /** Pixels of the time's axis and, behind it, of the changes. */
  gutter: number;
  changes: number;
  columns: Columns;
  builders: readonly Builder[];
  /** UTC seconds. */
  now: number;
  steps: boolean;
  /** Whether days begin as in Greenwich, and not as where the reader is. */
  utc: boolean;
  branch: string;
  /** What the reader points at or has come to by keyboard. */
  marked: Built | undefined;
}

/** Where the columns begin. */
export function begin(picture: Pick<Picture, 'gutter' | 'changes'>): number {
  return picture.gutter + picture.changes;
}

/** The places of the builders in sight, from the first to before the last. */
export function inSight(picture: Picture): [first: number, last: number] {
  return columnsWithin(picture.columns, begin(picture), picture.width);
}

/** The left edge of a column. */
export function xOf(picture: Picture, at: number): number {
  return picture.columns.left + at * picture.columns.width;
}

/** Changes that stand in one place because there is no room for each. */
export interface Group {
  y: number;
  changes: Change[];
}

/** Height of the line that a change takes. */
export const CHANGE = 17;

/** Puts changes, sorted by time, into groups that do not touch each other. */
export function grouped(changes: readonly Change[], axis: Axis, height = CHANGE): Group[] {
  const groups: Group[] = [];
  const placed = changes.map((change) => ({ change, y: yOf(axis, change.when_timestamp) })).sort((a, b) => a.y - b.y);
  for (const { change, y } of placed) {
    const last = groups.at(-1);
    if (last && y - last.y < height) last.changes.push(change);
    else groups.push({ y, changes: [change] });
  }
  return groups;
}

/** The group of changes at a pixel. */
export function groupAt(groups: readonly Group[], y: number, height = CHANGE): Group | undefined {
  return groups.find((group) => Math.abs(group.y - y) <= height / 2);
}

/** The changes that a picture shows. */
export function shownChanges(picture: Picture, changes: (stretch: { from: number; to: number }) => Change[]): Change[] {
  const [one, other] = [timeAt(picture.axis, -CHANGE), timeAt(picture.axis, picture.height + CHANGE)];
  const all = changes({ from: Math.min(one, other), to: Math.max(one, other) });
  return picture.branch === '' ? all : all.filter((change) => change.branch === picture.branch);
}
