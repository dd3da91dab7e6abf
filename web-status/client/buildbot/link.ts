import type { Told } from './topics.ts';

/** An open connection that tells events. */
export interface Link {
  /** Resolves once all that happens under the topic is told. */
  start(topic: string): Promise<void>;
  stop(topic: string): void;
  /** Resolves if the server still knows the connection. */
  ping(): Promise<void>;
  close(): void;
}

/** What a connection tells its owner. */
export interface Hooks {
  told: (event: Told) => void;
  /** It has ended, other than by `close`. */
  ended: () => void;
}

/** Opens a connection; rejects where that cannot be done. */
export type Dial = (hooks: Hooks) => Promise<Link>;
