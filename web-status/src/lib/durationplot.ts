import type { Build } from '../../client/index.ts';
import { took } from './format.ts';
import { statusOf, type Status } from './status.ts';
import { band, bandsBefore, isGood, type Band } from './tally.ts';
import { ticks } from './timeline.ts';

/** A build in the plot, in pixels from its upper left corner. */
export interface Point {
  build: Build;
  status: Status;
  seconds: number;
  x: number;
  y: number;
  /** It took longer than the plot is high. */
  beyond: boolean;
}

/** A plot of how long builds took. */
export interface Plot {
  points: Point[];
  /** Marks of all builds of one status, as one path. */
  marks: { status: Status; path: string }[];
  /** Between what most good builds before each took, and their middle. */
  area: string;
  middle: string;
  /** Round durations and where they are. */
  rows: { seconds: number; y: number }[];
  /** Times along the lower edge. */
  columns: { at: number; x: number }[];
}

/** What is drawn, and where. */
export interface Frame {
  width: number;
  height: number;
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** Each status has a mark of its own, so that colour is not what tells them apart. `r` is half its size. */
const MARKS: Record<Status, (x: number, y: number, r: number) => string> = {
  success: (x, y, r) => `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0Z`,
  warnings: (x, y, r) => `M${x} ${y - r * 1.2}L${x + r * 1.15} ${y + r * 0.9}H${x - r * 1.15}Z`,
  failure: (x, y, r) => `M${x - r} ${y - r}L${x + r} ${y + r}M${x + r} ${y - r}L${x - r} ${y + r}`,
  exception: (x, y, r) => `M${x} ${y - r * 1.3}L${x + r * 1.3} ${y}L${x} ${y + r * 1.3}L${x - r * 1.3} ${y}Z`,
  skipped: dash, retry: dash, cancelled: dash, pending: dash, none: dash,
  running: (x, y, r) => `M${x - r * 1.2} ${y}a${r * 1.2} ${r * 1.2} 0 1 0 ${2.4 * r} 0a${r * 1.2} ${r * 1.2} 0 1 0 ${-2.4 * r} 0Z`,
};
function dash(x: number, y: number, r: number): string {
  return `M${x - r} ${y}H${x + r}`;
}

/** A few builds that took far longer than all others must not press these flat: the plot ends here. */
function ceiling(seconds: readonly number[]): number {
  const sorted = seconds.toSorted((a, b) => a - b);
  const most = sorted[Math.floor((sorted.length - 1) * 0.95)] ?? 0;
  const longest = sorted.at(-1) ?? 0;
  return Math.max(1, longest > 3 * most && most > 0 ? most * 1.6 : longest) * 1.08;
}

const round = (n: number): number => Math.round(n * 10) / 10;

/** Lays out builds, which come the oldest first, one beside the other; those that run have taken until `now`. */
export function layOut(builds: readonly Build[], frame: Frame, now: number): Plot {
  const { width, height, left, right, top, bottom } = frame;
  const inner = Math.max(1, width - left - right);
  const seconds = builds.map((build) => took(build, now) ?? 0);
  const bands = bandsBefore(builds);
  const most = ceiling([...seconds, ...bands.flatMap((one) => one?.high ?? [])]);
  const gap = inner / Math.max(1, builds.length);
  const r = Math.min(3.6, Math.max(1.6, gap * 0.42));
  const yOf = (value: number): number => round(height - bottom - (Math.min(value, most) / most) * (height - top - bottom));
  const points = builds.map((build, at): Point => {
    const value = seconds[at] ?? 0;
    return { build, status: statusOf(build), seconds: value, x: round(left + gap * (at + 0.5)), y: yOf(value), beyond: value > most };
  });
  const byStatus = new Map<Status, string>();
  for (const { status, x, y, beyond } of points) {
    const mark = MARKS[status](x, y, r) + (beyond ? `M${x - r} ${y - 6}L${x} ${y - 9}L${x + r} ${y - 6}` : '');
    byStatus.set(status, (byStatus.get(status) ?? '') + mark);
  }
  return {
    points, marks: [...byStatus].map(([status, path]) => ({ status, path })), ...bandPaths(points, bands, yOf),
    rows: [0, ...ticks(most, 4)].map((value) => ({ seconds: value, y: yOf(value) })),
    columns: columnsOf(points, inner),
  };
}

function bandPaths(points: readonly Point[], bands: readonly (Band | undefined)[], yOf: (value: number) => number): { area: string; middle: string } {
  const known = points.flatMap(({ x }, at) => {
    const one = bands[at];
    return one ? [{ x, low: yOf(one.low), mid: yOf(one.mid), high: yOf(one.high) }] : [];
  });
  if (known.length < 2) return { area: '', middle: '' };
  const line = (list: readonly string[]): string => `M${list.join('L')}`;
  return {
    area: `${line([...known.map(({ x, high }) => `${x} ${high}`), ...known.toReversed().map(({ x, low }) => `${x} ${low}`)])}Z`,
    middle: line(known.map(({ x, mid }) => `${x} ${mid}`)),
  };
}

/** Pixels between two times along the edge. */
const APART = 130;

function columnsOf(points: readonly Point[], inner: number): Plot['columns'] {
  const every = Math.max(1, Math.ceil(points.length / Math.max(1, Math.floor(inner / APART))));
  return points.filter((_, at) => at % every === 0).map(({ build, x }) => ({ at: build.started_at, x }));
}

/** The point whose build is nearest to a place. */
export function nearest(points: readonly Point[], x: number): number {
  let best = -1;
  for (const [at, point] of points.entries()) if (best < 0 || Math.abs(point.x - x) < Math.abs((points[best]?.x ?? 0) - x)) best = at;
  return best;
}

/** How long good builds take now: the band of the last thirty of them. */
export function usual(builds: readonly Build[]): Band | undefined {
  const good = builds.filter(isGood).toSorted((a, b) => b.number - a.number).slice(0, 30);
  return band(good.map((build) => took(build, 0) ?? 0));
}
