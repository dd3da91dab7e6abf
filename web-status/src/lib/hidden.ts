/** Milliseconds that a page may be hidden before it gives its streams back. */
const PATIENCE = 60_000;

/**
 * Pauses while nobody has looked at the page for a while: browsers allow few connections per host. Gives what ends it, and
 * what looks again, as when there is something new to pause.
 */
export function whileHidden(pause: (paused: boolean) => void): { look: () => void; end: () => void } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const look = (): void => {
    clearTimeout(timer);
    if (document.hidden) timer = setTimeout(() => pause(true), PATIENCE);
    else pause(false);
  };
  document.addEventListener('visibilitychange', look);
  return {
    look,
    end: () => {
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', look);
    },
  };
}
