import { SvelteMap } from 'svelte/reactivity';

import type { Step } from '../../../client/index.ts';
import { isBad, statusOf } from '../../lib/status.ts';

/** Which steps are open where nothing was chosen for each: those that run or went wrong, all that have begun, or none. */
export type Opening = 'important' | 'all' | 'none';

/** Which steps of a build are open: what the reader wants of all of them, and of each. */
export class OpenSteps {
  #opening: Opening = $state('important');
  readonly #chosen = new SvelteMap<number, boolean>();

  /** Whether a step is open; `lingers` where it has run while one looked, and nothing has begun behind it. */
  isOpen(step: Step, lingers: boolean): boolean {
    const chosen = this.#chosen.get(step.stepid);
    if (chosen !== undefined) return chosen;
    if (this.#opening === 'important') return lingers || matters(step);
    return this.#opening === 'all' && statusOf(step) !== 'pending';
  }

  /** Opens a step, or folds it, whatever becomes of it. */
  choose(stepid: number, open: boolean): void {
    this.#chosen.set(stepid, open);
  }

  /** Opens or folds all steps, and in the same way those that are still to begin. */
  take(opening: Opening, steps: readonly Step[]): void {
    this.#opening = opening;
    this.#chosen.clear();
    // What is opened by hand stays so when the build has gone on.
    if (opening === 'important') for (const step of steps) if (matters(step)) this.#chosen.set(step.stepid, true);
  }
}

function matters(step: Step): boolean {
  const status = statusOf(step);
  return status === 'running' || isBad(status);
}
