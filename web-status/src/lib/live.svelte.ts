import { onMount } from 'svelte';

import { Following, type Client, type Phase, type Source, type StreamState, type Trouble } from '../../client/index.ts';
import { staysAwake, withBeside } from './beside.ts';
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

/** What is on the page and follows something. */
// eslint-disable-next-line svelte/prefer-svelte-reactivity -- nobody shows it
const lives = new Set<Live>();

/** Tries at once to follow again, instead of after a pause. */
export function retryNow(): void {
  for (const live of lives) live.retry();
}

/** A view's data: what the client follows, in values that tell who shows them that they have changed. */
export class Live extends Following {
  phase: Phase = $state('loading');
  error = $state('');
  trouble: Trouble = $state('error');
  override status = $state(0);
  next = $state(0);
  #hidden: ReturnType<typeof whileHidden> | undefined;

  constructor(client: Pick<Client, 'watch'>, source: Source) {
    super(withBeside(client), source);
  }

  /** Begins, and gives what ends it. */
  start(): () => void {
    // Unless what the reader watches is still to be heard of.
    this.#hidden = whileHidden((paused) => this.pause(paused && !staysAwake()));
    lives.add(this);
    addEventListener('online', this.retry);
    this.begin();
    return () => {
      this.#hidden?.end();
      removeEventListener('online', this.retry);
      this.close();
      lives.delete(this);
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
