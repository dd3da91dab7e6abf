import { SvelteMap } from 'svelte/reactivity';

import type { Client } from '../../client/index.ts';

/** What a cell does not know of its builds, and a card wants to tell. */
export interface BuildFacts {
  worker: string;
  state: string;
}

const KEPT = 500;

/** Reads what is asked about builds, once for each, and keeps it for a while. */
export class FactReader {
  readonly #client: Client;
  readonly #facts = new SvelteMap<number, BuildFacts>();
  #workers: Promise<Map<number, string>> | undefined;

  constructor(client: Client) {
    this.#client = client;
  }

  get(buildid: number): BuildFacts | undefined {
    return this.#facts.get(buildid);
  }

  /** Reads what is not known yet; of what is not complete, anew. */
  async ask(builds: readonly { buildid: number; complete: boolean }[]): Promise<void> {
    const wanted = builds.filter(({ buildid, complete }) => !complete || !this.#facts.has(buildid)).map(({ buildid }) => buildid);
    if (wanted.length === 0) return;
    try {
      this.#workers ??= this.#names();
      const [{ data }, workers] = await Promise.all([this.#client.list('builds', 'builds', { buildid: wanted }), this.#workers]);
      for (const build of data) this.#facts.set(build.buildid, { worker: workers.get(build.workerid ?? 0) ?? '', state: build.state_string });
      for (const id of this.#facts.keys()) {
        if (this.#facts.size <= KEPT) break;
        this.#facts.delete(id);
      }
    } catch {
      // The card tells what is known without it.
      this.#workers = undefined;
    }
  }

  async #names(): Promise<Map<number, string>> {
    const { data } = await this.#client.list('workers', 'workers');
    // eslint-disable-next-line svelte/prefer-svelte-reactivity -- never changes once it is made
    return new Map(data.map(({ workerid, name }) => [workerid, name]));
  }
}
