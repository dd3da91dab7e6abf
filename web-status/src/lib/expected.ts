import type { Build } from '../../client/index.ts';
import { took } from './format.ts';

/** Builds before a running one that are looked at. */
export const LOOKED_AT = 30;

/**
 * Seconds that a build is expected to take: the mean of the good ones among those before it, on its worker if there are
 * any. This is how the server's own view of what runs reckons it too. Undefined where nothing is known.
 */
export function expectedSeconds(before: readonly Build[], workerid: number | null): number | undefined {
  const good = before.filter((build) => build.complete && (build.results === 0 || build.results === 1));
  const there = good.filter((build) => build.workerid === workerid);
  const times = (there.length > 0 ? there : good).map((build) => took(build, 0) ?? 0);
  return times.length === 0 ? undefined : times.reduce((sum, time) => sum + time, 0) / times.length;
}

/** How far something is that is expected to take a while. */
export interface Progress {
  /** From 0 to 1, and 1 from when it should have ended on. */
  share: number;
  /** Seconds until the expected end; negative beyond it. */
  left: number;
}

/** How far a build is that began at `from` and is expected to take `seconds`. */
export function progress(from: number, seconds: number, now: number): Progress {
  const gone = Math.max(0, now - from);
  return { share: seconds <= 0 ? 1 : Math.min(1, gone / seconds), left: seconds - gone };
}
