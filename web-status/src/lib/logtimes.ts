import { clock, moment } from './format.ts';
import { recall, remember } from './storage.ts';

/** How the times of lines are shown: by the clock, or since their step began; `off`: not at all. */
export const TIMES = ['off', 'day', 'step'] as const;
export type Times = (typeof TIMES)[number];

/** The way that a text names, and `off` for any other. */
export const parseTimes = (text: string | undefined): Times => TIMES.find((way) => way === text) ?? 'off';

/** The way behind this one. */
export const nextTimes = (way: Times): Times => TIMES[(TIMES.indexOf(way) + 1) % TIMES.length] ?? 'off';

const KEY = 'weir-log-times';

/** The way that the reader chose last. */
export const recallTimes = (): Times => parseTimes(recall(KEY));

/** Keeps a way, for all logs. */
export const rememberTimes = (way: Times): void => remember(KEY, way === 'off' ? undefined : way);

/** Times as they are shown: how, and when the step began, in seconds. */
export interface Shown {
  way: Exclude<Times, 'off'>;
  began: number | undefined;
}

/** How the times of lines are shown in a way that is chosen; not at all where none are known. */
export function shownTimes(way: Times, lines: { timed: boolean }, began: number | undefined): Shown | undefined {
  return way === 'off' || !lines.timed ? undefined : { way, began };
}

/** When a line was stored, in microseconds, as it stands beside the line; empty where that is not known. */
export function stampOf(at: number | undefined, { way, began }: Shown): string {
  if (at === undefined) return '';
  if (way === 'day') return clock(at / 1e6);
  return began === undefined ? '' : since(at / 1e6 - began);
}

/** The same in full. */
export const exactly = (at: number | undefined): string | undefined => (at === undefined ? undefined : moment(at / 1e6));

/** Seconds as a clock that was begun with the step shows them: `0:05.2`, `1:02:03.4`. */
export function since(seconds: number): string {
  // Cut and not rounded, as clocks do.
  const tenths = Math.max(0, Math.floor(seconds * 10 + 1e-6));
  const [s, m, h] = [Math.floor(tenths / 10) % 60, Math.floor(tenths / 600) % 60, Math.floor(tenths / 36_000)];
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${h > 0 ? `${h}:${two(m)}` : m}:${two(s)}.${tenths % 10}`;
}
