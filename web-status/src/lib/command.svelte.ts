import { errorText } from './format.ts';
import type { Session } from './session.svelte.ts';

/** A command that a button gives: whether it is under way, and what was wrong with it. */
export class Command {
  busy = $state(false);
  problem = $state('');
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  /** Carries it out, asking for a token where the server wants one; true where it was done. */
  async run(work: () => Promise<void>): Promise<boolean> {
    this.busy = true;
    this.problem = '';
    try {
      await this.#session.act(work);
      return true;
    } catch (error) {
      this.problem = errorText(error);
      return false;
    } finally {
      this.busy = false;
    }
  }
}
