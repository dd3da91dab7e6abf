import type { Client } from './client.ts';
import { cursorOf, Following, type Phase, type StreamState, type Trouble } from './follow.ts';
import type { Query } from './query.ts';
import { Table } from './table.ts';
import type { ResourceName, Resources } from './types.ts';

/** Resources with ids and events of their own -> the name of their id. */
const IDS = {
  builders: 'builderid', builds: 'buildid', buildrequests: 'buildrequestid', buildsets: 'bsid', steps: 'stepid', logs: 'logid', workers: 'workerid',
  changes: 'changeid', schedulers: 'schedulerid', masters: 'masterid', listeners: 'listenerid', dead_letters: 'dead_letterid',
} as const satisfies { [R in ResourceName]?: keyof Resources[R] };

/** What a collection can hold. */
export type CollectionName = keyof typeof IDS;

export interface CollectionOptions<T> {
  /** Where its rows are, below `api/v2`; where not given, all of the resource. */
  path?: string;
  /** Filters, order and limit of the rows that are read. */
  query?: Query;
  /** Topics that tell of its rows; where not given, all of the resource. */
  patterns?: string[];
  /** Whether a row that an event tells of is in the collection, as the query says it of those that are read; all are where not given. */
  belongs?: (row: T) => boolean;
  /** So many rows at most, of the highest ids. */
  keep?: number;
  /** What rows are grouped by, for `in`. */
  group?: (row: T) => number;
}

/**
 * The rows of one resource as they are now: read once, and carried on by events. It needs no user interface; `subscribe` is
 * as Svelte's stores have it, and others can be made of it in a line.
 */
export class Collection<T> extends Following implements Iterable<T> {
  phase: Phase = 'loading';
  error = '';
  trouble: Trouble = 'error';
  next = 0;
  /** How its stream is doing. */
  state: StreamState = 'idle';
  readonly #table: Table<T>;
  readonly #listeners = new Set<(rows: readonly T[]) => void>();
  #rows: readonly T[] | undefined;
  #told = true;

  constructor(client: Client, resource: CollectionName, options: CollectionOptions<T> = {}) {
    const id = (row: T): number => (row as Record<string, number>)[IDS[resource]] ?? 0;
    const table = new Table(id, options.group);
    const { belongs = () => true, keep = Infinity } = options;
    const patterns = options.patterns ?? [`${resource}/*/*`];
    super(client, {
      async snapshot(signal) {
        const answer = await client.list(resource, options.path ?? resource, options.query, signal);
        const cursor = cursorOf(answer);
        table.load(answer.data as T[], cursor);
        return cursor;
      },
      patterns: () => patterns,
      event({ id: event, message }) {
        // Some say only what has changed.
        const row = { ...table.get(id(message as T)), ...(message as T) };
        if (!table.apply(row, event)) return;
        if (!belongs(row)) table.delete(id(row));
        table.trim(keep);
      },
      deleted({ message }) {
        // These go when they are done with, the others when they are old.
        if (resource === 'dead_letters') table.delete(id(message as T));
      },
    });
    this.#table = table;
    this.begin();
  }

  /** All rows, those of the highest ids last. A new list where something has changed, else the same one. */
  get rows(): readonly T[] {
    return (this.#rows ??= this.#table.all.toSorted((a, b) => this.#table.id(a) - this.#table.id(b)));
  }

  get(id: number): T | undefined {
    return this.#table.get(id);
  }

  /** The rows of a group, the highest id first. */
  in(group: number): readonly T[] {
    return this.#table.in(group);
  }

  [Symbol.iterator](): Iterator<T> {
    return this.rows[Symbol.iterator]();
  }

  /** Calls with the rows now, and again when they, or how they are followed, have changed: once for all that came together. Gives what ends it. */
  subscribe(listener: (rows: readonly T[]) => void): () => void {
    this.#listeners.add(listener);
    listener(this.rows);
    return () => this.#listeners.delete(listener);
  }

  override close(): void {
    super.close();
    this.#listeners.clear();
  }

  protected override report(state: StreamState): void {
    if (this.state === state) return;
    this.state = state;
    this.changed();
  }

  protected override changed(): void {
    this.#rows = undefined;
    if (!this.#told) return;
    this.#told = false;
    queueMicrotask(() => {
      this.#told = true;
      for (const listener of this.#listeners) listener(this.rows);
    });
  }
}

/** A live collection of a resource; see `Collection`. */
export function collection<R extends CollectionName>(client: Client, resource: R, options: CollectionOptions<Resources[R]> = {}): Collection<Resources[R]> {
  return new Collection(client, resource, options);
}
