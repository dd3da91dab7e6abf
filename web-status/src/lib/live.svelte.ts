import { onMount } from 'svelte';

import { Following, type Client, type Phase, type Source, type StreamState, type Trouble } from '../../client/index.ts';
import { errorText } from './format.ts';

export { cursorOf, type Source, type Trouble } from '../../client/index.ts';

/** How the page's stream is doing; shown in the header. `lost` is when it was last live, in milliseconds. */
export const connection = $state<{ state: StreamState; lost: number }>({ state: 'idle', lost: 0 });

const HIDDEN_PAUSE = 60_000;

/** A view's data: what the client follows, in values that tell who shows them that they have changed. */
export class Live extends Following {
  phase: Phase = $state('loading');
  error = $state('');
  trouble: Trouble = $state('error');
  override status = $state(0);
  next = $state(0);
  #hidden: ReturnType<typeof setTimeout> | undefined;

  /** Begins, and gives what ends it. */
  start(): () => void {
    document.addEventListener('visibilitychange', this.#visibility);
    addEventListener('online', this.retry);
    this.begin();
    return () => {
      document.removeEventListener('visibilitychange', this.#visibility);
      removeEventListener('online', this.retry);
      clearTimeout(this.#hidden);
      this.close();
    };
  }

  protected override report(state: StreamState): void {
    if (connection.state === state) return;
    if (connection.state === 'live') connection.lost = Date.now();
    connection.state = state;
  }

  protected override opened(): void {
    if (document.hidden) this.#visibility();
  }

  protected override describe(error: unknown): string {
    return errorText(error);
  }

  // Browsers allow few connections per host: a page that nobody looks at gives its own back after a while.
  readonly #visibility = (): void => {
    clearTimeout(this.#hidden);
    if (document.hidden) this.#hidden = setTimeout(() => this.pause(true), HIDDEN_PAUSE);
    else this.pause(false);
  };
}

/** Follows a source while the calling component is on the page. */
export function follow(client: Client, source: Source): Live {
  const live = new Live(client, source);
  onMount(() => live.start());
  $effect(() => live.repattern());
  return live;
}
