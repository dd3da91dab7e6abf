import { SvelteMap } from 'svelte/reactivity';

import { ApiError, type Build, type Builder, type Client, type TestResultSet, type WatchEvent } from '../../../client/index.ts';
import { distinct } from '../../lib/distinct.ts';
import { cursorOf, type Source } from '../../lib/live.svelte.ts';
import { runsByName, type TestRun } from '../../lib/testresults.ts';
import { words } from '../../words/words.svelte.ts';

/** Runs that are shown, and builds that are read in one question. */
export const MOST = 200;
const AT_ONCE = 100;

/** What one test of a builder came to in one build after the other; further runs are added as they come. */
export class TestHistory implements Source {
  builder: Builder | undefined = $state.raw();
  /** The newest first. */
  runs: TestRun[] = $state.raw([]);
  readonly builds = new SvelteMap<number, Build>();
  readonly #client: Client;
  readonly #builderid: number;
  readonly #name: string;

  constructor(client: Client, builderid: number, name: string) {
    this.#client = client;
    this.#builderid = builderid;
    this.#name = name;
  }

  async snapshot(signal: AbortSignal): Promise<number> {
    const builder = await this.#client.get('builders', `builders/${this.#builderid}`, {}, signal);
    this.builder = builder.data;
    if (this.#name !== '') await this.#read(signal);
    return cursorOf(builder);
  }

  patterns(): string[] {
    return ['test_result_sets/*/completed'];
  }

  event({ message }: WatchEvent): void {
    const set = message as TestResultSet;
    if (set.builderid === this.#builderid && this.#name !== '') void this.#readSet(set).catch(() => undefined);
  }

  async #read(signal: AbortSignal): Promise<void> {
    const query = { builderid: this.#builderid, test_name: this.#name, order: '-test_resultid', limit: MOST };
    const results = await this.#client.list('test_results', 'test_results', query, signal).catch((error: unknown) => {
      throw error instanceof ApiError && error.status === 404 ? new ApiError(404, 'not_supported', words.test.unsupported) : error;
    });
    const ids = distinct(results.data.map((result) => result.test_result_setid));
    const sets = await this.#pieces(ids, (some) => this.#client.list('test_result_sets', 'test_result_sets', { test_result_setid__eq: some }, signal));
    await this.#readBuilds(sets.map((set) => set.buildid), signal);
    this.runs = [...runsByName(results.data, sets).values()].flat();
  }

  /** A further run. */
  async #readSet(set: TestResultSet): Promise<void> {
    const { data } = await this.#client.list('test_results', `test_result_sets/${set.test_result_setid}/results`, { test_name: this.#name, limit: 10 });
    const known = this.runs.map((run) => run.result.test_resultid);
    const runs = [...runsByName(data, [set]).values()].flat().filter((run) => !known.includes(run.result.test_resultid));
    if (runs.length === 0) return;
    await this.#readBuilds([set.buildid]);
    this.runs = [...runs, ...this.runs].slice(0, MOST);
  }

  async #readBuilds(ids: number[], signal?: AbortSignal): Promise<void> {
    const missing = distinct(ids).filter((id) => !this.builds.has(id));
    const builds = await this.#pieces(missing, (some) => this.#client.list('builds', 'builds', { buildid__eq: some }, signal));
    for (const build of builds) this.builds.set(build.buildid, build);
  }

  /** Asks about many ids, some at a time: they stand in an address. */
  async #pieces<T>(ids: number[], ask: (some: number[]) => Promise<{ data: T[] }>): Promise<T[]> {
    const found: T[] = [];
    for (let at = 0; at < ids.length; at += AT_ONCE) found.push(...(await ask(ids.slice(at, at + AT_ONCE))).data);
    return found;
  }
}
