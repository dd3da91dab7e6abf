import type { Client, DeadLetter, ListenerStatus } from '../../client/index.ts';
import { cursorOf } from './live.svelte.ts';
import { Table } from './table.svelte.ts';

/** So many dead letters are shown, the newest; there can be thousands. */
const SHOWN = 200;

/** The newest dead letters: those of one listener, or of all. */
export class DeadLetters {
  readonly #client: Client;
  readonly #letters = new Table<DeadLetter>((one) => one.dead_letterid);
  /** Whose they are: the id of a listener; null for all, and undefined for one that is not there. */
  #whose: number | null | undefined = null;
  /** Those that went while older ones are being read: the answer may hold them still. Null while none are. */
  #gone: number[] | null = null;

  constructor(client: Client) {
    this.#client = client;
  }

  /** They, the newest first. */
  get newest(): DeadLetter[] {
    return this.#letters.all.sort((a, b) => b.dead_letterid - a.dead_letterid);
  }

  /** Reads those of the listener of that name among `listeners`, or of all for null. */
  async read(name: string | null, listeners: ListenerStatus[], signal?: AbortSignal): Promise<void> {
    const whose = name === null ? null : listeners.find((one) => one.name === name)?.listenerid;
    this.#whose = whose;
    const list = await this.#ask(whose, signal);
    // Another one may have been chosen meanwhile.
    if (whose === this.#whose) this.#letters.load(list.data, cursorOf(list));
  }

  /** Takes an event. */
  apply(letter: DeadLetter, event: number): void {
    if (this.#whose !== null && letter.listenerid !== this.#whose) return;
    this.#letters.apply(letter, event);
    this.#letters.trim(SHOWN);
  }

  /** Takes a letter away; after the last one, those are read that were not shown. */
  async delete({ dead_letterid }: DeadLetter): Promise<void> {
    const before = this.#letters.size;
    this.#letters.delete(dead_letterid);
    this.#gone?.push(dead_letterid);
    if (before === 0 || this.#letters.size > 0) return;
    const whose = this.#whose;
    const gone: number[] = [];
    this.#gone = gone;
    const list = await this.#ask(whose).finally(() => {
      if (this.#gone === gone) this.#gone = null;
    });
    if (whose !== this.#whose) return;
    this.#letters.add(list.data.filter((one) => !gone.includes(one.dead_letterid)), cursorOf(list));
  }

  async #ask(whose: number | null | undefined, signal?: AbortSignal): Promise<{ data: DeadLetter[]; cursor: number | null }> {
    if (whose === undefined) return { data: [], cursor: 0 };
    const filter = whose === null ? {} : { listenerid: whose };
    return this.#client.list('dead_letters', 'dead_letters', { ...filter, order: '-dead_letterid', limit: SHOWN }, signal);
  }
}
