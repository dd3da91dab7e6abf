import type { Build } from '../../client/index.ts';
import { LOOKED_AT } from './expected.ts';
import { took } from './format.ts';

/** What is asked of a build that is counted. */
export type Counted = Pick<Build, 'complete' | 'results' | 'started_at' | 'complete_at' | 'started_at_us' | 'complete_at_us' | 'workerid' | 'number'>;

const SUCCESS = 0;
const WARNINGS = 1;
const FAILURE = 2;
const EXCEPTION = 4;

/** Whether it went well. */
export function isGood({ complete, results }: Pick<Build, 'complete' | 'results'>): boolean {
  return complete && (results === SUCCESS || results === WARNINGS);
}

/** Whether its result says anything of what was built: what was skipped, cancelled or is tried again does not. */
export function tells(build: Pick<Build, 'complete' | 'results'>): boolean {
  return isGood(build) || (build.complete && (build.results === FAILURE || build.results === EXCEPTION));
}

/** How many went well of those that tell anything. */
export interface Tally {
  good: number;
  of: number;
}

/** Counts builds. */
export function tally(builds: readonly Counted[]): Tally {
  const telling = builds.filter(tells);
  return { good: telling.filter(isGood).length, of: telling.length };
}

/** A share as whole percent: 100 and 0 only where there is nothing else. */
export function percent({ good, of }: Tally): number | undefined {
  if (of === 0) return undefined;
  const exact = (100 * good) / of;
  return good === of ? 100 : good === 0 ? 0 : Math.min(99, Math.max(1, Math.round(exact)));
}

/** Fewer builds in each half than this say nothing of a trend. */
const TREND_FROM = 4;
/** Two halves that differ by less than this share are level. */
const TREND_STEP = 0.15;

/** Whether the newer half of the builds (which come the newest first) went better than the older one. */
export function trend(builds: readonly Counted[]): 'up' | 'down' | 'level' | undefined {
  const telling = builds.filter(tells);
  const half = Math.floor(telling.length / 2);
  if (half < TREND_FROM) return undefined;
  const share = (some: readonly Counted[]): number => some.filter(isGood).length / some.length;
  const step = share(telling.slice(0, half)) - share(telling.slice(half));
  return step >= TREND_STEP ? 'up' : step <= -TREND_STEP ? 'down' : 'level';
}

/** The middle of some values, and between what most of them lie. */
export interface Band {
  low: number;
  mid: number;
  high: number;
}

/** The tenth, half and ninth tenth of some values; undefined where there are none. */
export function band(values: readonly number[]): Band | undefined {
  if (values.length === 0) return undefined;
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => {
    const place = share * (sorted.length - 1);
    const low = sorted[Math.floor(place)] ?? 0;
    const high = sorted[Math.ceil(place)] ?? low;
    return low + (high - low) * (place - Math.floor(place));
  };
  return { low: at(0.1), mid: at(0.5), high: at(0.9) };
}

/** How long each of the builds was expected to take when it began: the band of the good ones among the thirty before it. */
export function bandsBefore(builds: readonly Counted[]): (Band | undefined)[] {
  const inOrder = builds.toSorted((a, b) => a.number - b.number);
  const good: { number: number; took: number }[] = [];
  const bands = new Map<number, Band | undefined>();
  for (const build of inOrder) {
    while (good[0] && good[0].number < build.number - LOOKED_AT) good.shift();
    bands.set(build.number, band(good.map((one) => one.took)));
    if (isGood(build)) good.push({ number: build.number, took: took(build, 0) ?? 0 });
  }
  return builds.map((build) => bands.get(build.number));
}
