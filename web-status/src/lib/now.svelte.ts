import { createSubscriber } from 'svelte/reactivity';

/** A clock in UTC seconds; whatever shows it is drawn again at each tick. Only the display ticks: nothing is asked for. */
function clock(tick: number): () => number {
  const subscribe = createSubscriber((update) => {
    const timer = setInterval(update, tick);
    return () => clearInterval(timer);
  });
  return () => {
    subscribe();
    return Date.now() / 1000;
  };
}

/** For durations, which count seconds. */
export const now = clock(1000);

/** For how long ago something was, which is told in minutes. */
export const roughly = clock(15_000);
