import type { Breaks } from './breaks.ts';

/** How time lies on the screen: pixels count from the top edge, times are UTC seconds. */
export interface Axis {
  /** The time at the top edge. */
  edge: number;
  /** Pixels for each second. */
  scale: number;
  /** Whether time goes down into the past; else it goes down into the future. */
  newestTop: boolean;
  /** Idle time that is cut short; without it, all time is as long as it was. */
  breaks?: Breaks | undefined;
}

/** A stretch of time, from the first moment to the last. */
export interface Stretch {
  from: number;
  to: number;
}

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;
const WEEK = 7 * DAY;

/** Lengths of time that a screen shows, one after the other by the zoom's buttons and keys. */
export const SPANS: readonly number[] = [
  10 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR, 16 * HOUR, DAY, 2 * DAY, 4 * DAY, WEEK, 2 * WEEK, 4 * WEEK, 13 * WEEK, 26 * WEEK,
];
/** What is shown where nobody chose. */
export const USUAL_SPAN = 4 * HOUR;
const SHORTEST = 2 * MINUTE;
const LONGEST = 53 * WEEK;

/** The pixel of a time. */
export function yOf(axis: Axis, at: number): number {
  const seconds = axis.breaks ? axis.breaks.between(axis.edge, at) : at - axis.edge;
  return (axis.newestTop ? -seconds : seconds) * axis.scale;
}

/** The time at a pixel. */
export function timeAt(axis: Axis, y: number): number {
  return later(axis, axis.edge, (axis.newestTop ? -y : y) / axis.scale);
}

/** The moment that is shown so many seconds later than another one. */
export function later(axis: Pick<Axis, 'breaks'>, at: number, seconds: number): number {
  return axis.breaks ? axis.breaks.moment(axis.breaks.shown(at) + seconds) : at + seconds;
}

/** What a screen of that height shows. */
export function stretchOf(axis: Axis, height: number): Stretch {
  const [one, other] = [timeAt(axis, 0), timeAt(axis, height)];
  return { from: Math.min(one, other), to: Math.max(one, other) };
}

/** The axis with another scale at which the time at `y` stays where it is. */
export function zoomed(axis: Axis, scale: number, y: number): Axis {
  const at = timeAt(axis, y);
  const edge = later(axis, at, (axis.newestTop ? y : -y) / scale);
  return { ...axis, edge, scale };
}

/** The scale at which a screen of that height shows a span, within what makes sense. */
export function scaleOf(span: number, height: number): number {
  return Math.max(1, height) / Math.min(LONGEST, Math.max(SHORTEST, span));
}

/** The next longer (1) or shorter (-1) of the usual spans. */
export function nextSpan(span: number, direction: 1 | -1): number {
  const near = span * (direction > 0 ? 1.01 : 0.99);
  const next = direction > 0 ? SPANS.find((one) => one > near) : SPANS.findLast((one) => one < near);
  return next ?? span;
}

const UNITS: Record<string, number> = { m: MINUTE, h: HOUR, d: DAY, w: WEEK };

/** A span as it stands in an address: `4h`, `2d`, `95m`. */
export function spanWord(span: number): string {
  for (const unit of ['w', 'd', 'h'] as const) {
    const size = UNITS[unit] ?? 1;
    if (span >= size && span % size === 0) return `${span / size}${unit}`;
  }
  return `${Math.max(1, Math.round(span / MINUTE))}m`;
}

/** Reads what `spanWord` wrote; undefined where it is something else. */
export function readSpan(word: string | null): number | undefined {
  const found = /^(\d{1,5})([mhdw])$/.exec(word ?? '');
  const span = Number(found?.[1]) * (UNITS[found?.[2] ?? ''] ?? NaN);
  return span > 0 ? Math.min(LONGEST, Math.max(SHORTEST, span)) : undefined;
}

/** A mark on the axis; `day` where a day begins. */
export interface Tick {
  at: number;
  day: boolean;
}

const STEPS = [MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR];
const DAYS = [1, 2, 7, 14, 28, 91];
/** More marks than any screen has room for. */
const MOST = 400;
/** Pixels that marks keep from breaks: a day's name stands above its mark. */
const AWAY = 18;
/** No clock is moved by more seconds. */
const MOVED = 3 * HOUR;

/**
 * Marks at round times of the reader's own zone, or of Greenwich's, at least `gap` pixels apart. Where days are long enough,
 * each is marked.
 */
export function ticks({ from, to }: Stretch, scale: number, gap: number, utc = false): Tick[] {
  const step = STEPS.find((one) => one * scale >= gap);
  const days = step === undefined ? (DAYS.find((one) => one * DAY * scale >= gap) ?? 364) : 1;
  const calendar = utc ? GREENWICH : HERE;
  const today = calendar.day(from);
  const found: Tick[] = [];
  // Days are counted from one that is always the same, a Monday, so that marks stay where they are.
  for (let day = Math.floor((today - MONDAY) / days) * days + MONDAY; found.length < MOST; day += days) {
    const begin = calendar.at(day, 0);
    if (begin > to) break;
    if (begin >= from) found.push({ at: begin, day: true });
    // Clocks may be moved, by some hours at the most: an hour is marked once or not at all.
    const first = step === undefined ? DAY : Math.max(1, Math.floor((from - begin - MOVED) / step)) * step;
    for (let seconds = first; seconds < DAY && found.length < MOST; seconds += step ?? DAY) {
      const at = calendar.at(day, seconds);
      if (at > to) break;
      if (at >= from && at > (found.at(-1)?.at ?? -Infinity)) found.push({ at, day: false });
    }
  }
  return found;
}

/** The marks of a screen of that height: of each stretch between breaks, and away from them. */
export function marks(axis: Axis, height: number, gap: number, utc = false): Tick[] {
  const seen = stretchOf(axis, height);
  const away = AWAY / axis.scale;
  let { from } = seen;
  const found: Tick[] = [];
  for (const one of axis.breaks?.within(seen) ?? []) {
    if (one.from - away > from) found.push(...ticks({ from, to: one.from - away }, axis.scale, gap, utc));
    from = one.to + away;
  }
  return from < seen.to ? [...found, ...ticks({ from, to: seen.to }, axis.scale, gap, utc)] : found;
}

/** Days are counted from 1 January 1970 on; the first Monday was the 5th. */
const MONDAY = 4;
interface Calendar {
  /** The day on which a moment is. */
  day: (at: number) => number;
  /** When the clock shows so many seconds of a day. */
  at: (day: number, seconds: number) => number;
}
const GREENWICH: Calendar = { day: (at) => Math.floor(at / DAY), at: (day, seconds) => day * DAY + seconds };
const HERE: Calendar = {
  day: (at) => {
    const date = new Date(at * 1000);
    return Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) / 1000 / DAY;
  },
  at: (day, seconds) => {
    const date = new Date(day * DAY * 1000);
    return new Date(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate(), 0, 0, seconds).getTime() / 1000;
  },
};
