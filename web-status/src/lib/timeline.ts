import type { Step } from '../../client/index.ts';
import { beganAt, endedAt } from './stepgroups.ts';

/** A step's place in a picture of the time that a build takes; all but the lane are shares of its width. */
export interface Segment {
  step: Step;
  /** Steps that run at the same time are in lanes below each other; from 0. */
  lane: number;
  left: number;
  width: number;
  /** How much of the beginning it waited for locks. */
  waited: number;
}

/** Where steps stand on a line from `from` to `to`, in seconds; steps that have not ended go on until `now`. */
export function segments(steps: readonly Step[], from: number, to: number, now: number): Segment[] {
  const length = Math.max(to - from, 0.001);
  const share = (at: number): number => Math.min(1, Math.max(0, (at - from) / length));
  const ends: number[] = [];
  const found: Segment[] = [];
  for (const step of steps) {
    const began = beganAt(step);
    if (began === undefined) continue;
    const end = Math.max(began, endedAt(step) ?? now);
    let lane = ends.findIndex((until) => until <= began);
    if (lane < 0) lane = ends.length;
    ends[lane] = step.complete ? end : Infinity;
    const left = share(began);
    const width = share(end) - left;
    const locked = heldAt(step) ?? (step.locks_acquired_at === null && !step.complete ? end : began);
    found.push({ step, lane, left, width, waited: Math.min(width, Math.max(0, share(locked) - left)) });
  }
  return found;
}

function heldAt(step: Step): number | undefined {
  if (step.locks_acquired_at === null) return undefined;
  return typeof step.locks_acquired_at_us === 'number' ? step.locks_acquired_at_us / 1e6 : step.locks_acquired_at;
}

/** Seconds that a step waited for its locks, or has waited until `now`; whole ones where the server tells no others. */
export function waitedForLocks(step: Step, now: number): number {
  const began = beganAt(step);
  if (began === undefined) return 0;
  return Math.max(0, (heldAt(step) ?? (step.complete ? began : now)) - began);
}

const TICKS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400];

/** Round times on a line of `length` seconds, at most `most` of them beside its beginning. */
export function ticks(length: number, most = 6): number[] {
  const every = TICKS.find((tick) => length / tick <= most) ?? Math.ceil(length / most / 86_400) * 86_400;
  const found = [];
  for (let at = every; at < length; at += every) found.push(at);
  return found;
}
