import type { Client, Watch, WatchEvent, WatchOptions } from '../../client/index.ts';
import { buildTopics, fits, topicOf } from './topic.ts';

/**
 * What the page listens to beside its view, over the view's own stream. It has a cursor of its own, so that it misses nothing
 * and sees nothing twice while one goes from view to view.
 */
export interface Beside {
  /** Topics; none while there is nothing to listen to. */
  patterns: () => string[];
  /** Up to here all was told; undefined before the first stream, and after the server has forgotten the cursor. */
  cursor: number | undefined;
  event: (event: WatchEvent) => void;
  /** A stream that has its topics is open. */
  opened: () => void;
  /** Whether it has to hear of things while nobody looks at the page. */
  awake: () => boolean;
}

let beside: Beside | undefined;

/** Begins to listen with the next stream; gives what ends it. */
export function listenBeside(one: Beside): () => void {
  beside = one;
  return () => {
    if (beside === one) beside = undefined;
  };
}

/** Whether streams have to stay open while nobody looks. */
export const staysAwake = (): boolean => beside !== undefined && beside.patterns().length > 0 && beside.awake();

/** A client whose streams carry what is listened to beside the view, and keep it from the view. */
export function withBeside(client: Pick<Client, 'watch'>): Pick<Client, 'watch'> {
  return { watch: (options) => (beside ? shared(client, options, beside) : client.watch(options)) };
}

type Options = Omit<WatchOptions, 'base' | 'fetch'>;

function shared(client: Pick<Client, 'watch'>, options: Options, other: Beside): Watch {
  // The view's part begins at its own cursor, whatever the other has to catch up with.
  const begun = options.since;
  let own = options.patterns;
  const active = (): boolean => other.patterns().length > 0;
  const all = (): string[] => [...new Set([...own, ...other.patterns()])];

  function take(event: WatchEvent): void {
    const key = active() || event.id <= begun ? keyFor(event, begun, own) : event.key;
    if (key) options.onEvent({ ...event, key });
    if (!active() || event.id <= (other.cursor ?? 0)) return;
    if (other.cursor !== undefined) other.cursor = event.id;
    other.event(event);
  }

  const inner = client.watch({
    ...options,
    patterns: all(),
    since: active() && other.cursor !== undefined ? Math.min(begun, other.cursor) : begun,
    onEvent: take,
    onExpired: () => {
      other.cursor = undefined;
      options.onExpired();
    },
    onState: (state) => {
      options.onState?.(state);
      if (state === 'live' && active()) other.opened();
    },
  });
  return {
    get cursor() {
      return inner.cursor;
    },
    setPatterns(patterns) {
      own = patterns;
      inner.setPatterns(all());
    },
    pause: (paused) => inner.pause(paused),
    retry: () => inner.retry(),
    close() {
      if (active() && other.cursor !== undefined) other.cursor = Math.max(other.cursor, inner.cursor);
      inner.close();
    },
  };
}

/** The topic under which a view wants an event; undefined where it does not, or knows it already. */
function keyFor(event: WatchEvent, begun: number, patterns: readonly string[]): string[] | undefined {
  if (event.id <= begun) return undefined;
  const keys = topicOf(event.key).type === 'builds' ? buildTopics(event.key, event.message as object) : [event.key];
  return keys.find((key) => patterns.some((pattern) => fits(pattern, key)));
}
