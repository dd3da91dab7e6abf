import { SvelteMap } from 'svelte/reactivity';

import type { Client } from '../../client/index.ts';
import { distinct } from './distinct.ts';

/** Names of builders by id, read as they are needed. */
export class BuilderNames {
  readonly #client: Client;
  readonly #names = new SvelteMap<number, string>();

  constructor(client: Client) {
    this.#client = client;
  }

  /** The name, or what stands for it while it is not known. */
  of(builderid: number): string {
    return this.#names.get(builderid) ?? `builder ${builderid}`;
  }

  /** Reads those that are not known yet. */
  async want(ids: number[], signal?: AbortSignal): Promise<void> {
    const missing = distinct(ids).filter((id) => !this.#names.has(id)).slice(0, 100);
    if (missing.length === 0) return;
    const { data } = await this.#client.list('builders', 'builders', { builderid__eq: missing, field: ['builderid', 'name'] }, signal);
    for (const { builderid, name } of data) this.#names.set(builderid, name);
  }
}
