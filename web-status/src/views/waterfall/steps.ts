import type { Step } from '../../../client/index.ts';
import { yOf, type Axis } from './axis.ts';
import type { Box } from './layout.ts';
import { fine } from './store.ts';

/** A step as it is drawn in its build's box. */
export interface StepBox {
  step: Step;
  y: number;
  height: number;
}

/** The steps within a build's box, each where it ran; those that have not begun, or are hidden, are not there. */
export function stepBoxes(steps: readonly Step[], axis: Axis, box: Box, now: number): StepBox[] {
  const found: StepBox[] = [];
  for (const step of steps) {
    if (step.started_at === null || step.hidden) continue;
    const one = yOf(axis, fine(step.started_at, step.started_at_us));
    const other = yOf(axis, step.complete_at === null ? now : fine(step.complete_at, step.complete_at_us));
    const top = Math.max(box.y, Math.min(one, other));
    const bottom = Math.min(box.y + box.height, Math.max(one, other));
    if (bottom - top >= 1) found.push({ step, y: top, height: bottom - top });
  }
  return found;
}
