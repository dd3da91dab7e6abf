import { onMount } from 'svelte';

import { Following, type Client, type Phase, type Source, type StreamState, type Trouble } from '../../client/index.ts';
import { errorText } from './format.ts';
import { whileHidden } from './hidden.ts';

export { cursorOf, type Source, type Trouble } from '../../client/index.ts';

/** How the page's stream is doing; shown in the header. `lost` is when it was last live, in milliseconds. */
export const connection = $state<{ state: StreamState; lost: number }>({ state: 'idle', lost: 0 });

/** Tells the page how its stream is doing. */
export function report(state: StreamState): void {
  if (connection.state === state) return;
  if (connection.state === 'live') connection.lost = Date.now();
  connection.state = state;
}

/** A view's data: what the client follows, in values that tell who shows them that they have changed. */
export class Live extends Following {
  phase: Phase = $state('loading');
  error = $state('');
  trouble: Trouble = $state('error');
  override status = $state(0);
  next = $state(0);
  #hidden: ReturnType<typeof whileHidden> | undefined;

  /** Begins, and gives what ends it. */
  start(): () => void {
    this.#hidden = whileHidden((paused) => this.pause(paused));
    addEventListener('online', this.retry);
    this.begin();
    return () => {
      this.#hidden?.end();
      removeEventListener('online', this.retry);
      this.close();
    };
  }

  protected override report(state: StreamState): void {
    report(state);
  }

  protected override opened(): void {
    if (document.hidden) this.#hidden?.look();
  }

  protected override describe(error: unknown): string {
    return errorText(error);
  }
}

/** Follows a source while the calling component is on the page. */
export function follow(client: Client, source: Source): Live {
  const live = new Live(client, source);
  onMount(() => live.start());
  $effect(() => live.repattern());
  return live;
}
