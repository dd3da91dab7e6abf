import { createSubscriber } from 'svelte/reactivity';

const subscribe = createSubscriber((update) => {
  const timer = setInterval(update, 1000);
  return () => clearInterval(timer);
});

/** The time in UTC seconds; whatever shows it is drawn again each second. Only the display ticks: nothing is asked for. */
export function now(): number {
  subscribe();
  return Date.now() / 1000;
}
