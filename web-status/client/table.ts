/** A map that a table keeps its rows in: a user interface may give one that tells who has to be drawn again. */
export type Rows<K, V> = Pick<Map<K, V>, 'get' | 'set' | 'delete' | 'size' | 'keys' | 'values' | 'entries'>;

/**
 * Rows by id, each with the event sequence number at which it is known to be true. An event that is older than what
 * a snapshot already said changes nothing, so that snapshots of several requests may be followed from the oldest cursor.
 * Rows may be grouped, as builds by builder: who shows one group is not drawn again for the others.
 */
export class Table<T> {
  /** The id of a row. */
  readonly id: (row: T) => number;
  readonly #group: ((row: T) => number) | undefined;
  readonly #rows: Rows<number, T>;
  readonly #groups: Rows<number, T[]>;
  readonly #versions = new Map<number, number>();
  #base = 0;

  constructor(id: (row: T) => number, group?: (row: T) => number, map: <V>() => Rows<number, V> = () => new Map()) {
    this.id = id;
    this.#group = group;
    this.#rows = map();
    this.#groups = map();
  }

  /** All rows, in the order of their arrival. */
  get all(): T[] {
    return [...this.#rows.values()];
  }

  get size(): number {
    return this.#rows.size;
  }

  get(id: number): T | undefined {
    return this.#rows.get(id);
  }

  /** The rows of a group, the highest id first. */
  in(group: number): readonly T[] {
    return this.#groups.get(group) ?? [];
  }

  /** Replaces everything by a snapshot. */
  load(rows: T[], cursor: number): void {
    const kept = new Set(rows.map(this.id));
    for (const old of [...this.#rows.keys()]) if (!kept.has(old)) this.delete(old);
    this.#base = cursor;
    for (const row of rows) this.#set(row, cursor);
  }

  /** Adds rows of a further request, such as an older page. */
  add(rows: T[], cursor: number): void {
    for (const row of rows) if ((this.#versions.get(this.id(row)) ?? 0) <= cursor) this.#set(row, cursor);
  }

  /** Takes an event; false where it was old news. */
  apply(row: T, event: number): boolean {
    if (event <= (this.#versions.get(this.id(row)) ?? this.#base)) return false;
    this.#set(row, event);
    return true;
  }

  /** Changes a row, if it is there, without saying anything of when it is true. */
  amend(id: number, change: (row: T) => T): void {
    const row = this.#rows.get(id);
    if (row !== undefined) this.#set(change(row), this.#versions.get(id) ?? this.#base);
  }

  /** Drops the rows of the lowest ids beyond the `keep` highest, those that `may` go; true where one was dropped. */
  trim(keep: number, may: (row: T) => boolean = () => true): boolean {
    if (this.#rows.size <= keep) return false;
    const low = [...this.#rows.entries()].sort(([a], [b]) => b - a).slice(keep).filter(([, row]) => may(row));
    for (const [id] of low) this.delete(id);
    return low.length > 0;
  }

  delete(id: number): void {
    const old = this.#rows.get(id);
    if (old === undefined) return;
    this.#rows.delete(id);
    this.#versions.delete(id);
    this.#regroup(id, old, undefined);
  }

  #set(row: T, version: number): void {
    const id = this.id(row);
    const old = this.#rows.get(id);
    this.#rows.set(id, row);
    this.#versions.set(id, version);
    this.#regroup(id, old, row);
  }

  #regroup(id: number, old: T | undefined, row: T | undefined): void {
    const group = this.#group;
    if (!group) return;
    if (old !== undefined && (row === undefined || group(row) !== group(old))) {
      const rest = this.in(group(old)).filter((one) => this.id(one) !== id);
      if (rest.length > 0) this.#groups.set(group(old), rest);
      else this.#groups.delete(group(old));
    }
    if (row === undefined) return;
    const others = this.in(group(row)).filter((one) => this.id(one) !== id);
    const at = others.findIndex((one) => this.id(one) < id);
    this.#groups.set(group(row), at < 0 ? [...others, row] : others.toSpliced(at, 0, row));
  }
}
