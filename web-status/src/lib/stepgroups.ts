import type { Step } from '../../client/index.ts';

type Timed = Pick<Step, 'number' | 'started_at' | 'complete_at' | 'started_at_us' | 'complete_at_us'>;

/** When a step began, in seconds; undefined where it has not. */
export function beganAt(step: Timed): number | undefined {
  if (step.started_at === null) return undefined;
  return typeof step.started_at_us === 'number' ? step.started_at_us / 1e6 : step.started_at;
}

/** When a step ended, in seconds; undefined while it has not. */
export function endedAt(step: Timed): number | undefined {
  if (step.complete_at === null) return undefined;
  return typeof step.complete_at_us === 'number' ? step.complete_at_us / 1e6 : step.complete_at;
}

/**
 * Steps in their order, those together that ran at the same time. The API does not tell of groups: steps of one begin
 * before another of theirs has ended, and no other steps of a build do.
 */
export function groupSteps<T extends Timed>(steps: readonly T[]): T[][] {
  const groups: T[][] = [];
  let until = -Infinity;
  for (const step of steps) {
    const began = beganAt(step);
    const last = groups.at(-1);
    const end = endedAt(step) ?? Infinity;
    if (last && began !== undefined && began < until) {
      last.push(step);
      until = Math.max(until, end);
    } else {
      groups.push([step]);
      until = began === undefined ? -Infinity : end;
    }
  }
  return groups;
}
