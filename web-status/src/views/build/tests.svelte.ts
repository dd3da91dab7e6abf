import { SvelteMap, SvelteSet } from 'svelte/reactivity';

import type { Build, Client, TestResult, TestResultSet } from '../../../client/index.ts';
import { distinct } from '../../lib/distinct.ts';
import { cursorOf } from '../../lib/live.svelte.ts';
import { Table } from '../../lib/table.svelte.ts';
import { failedQuery, runsByName, type TestRun } from '../../lib/testresults.ts';

/** Results that are read at once. */
export const PAGE = 100;
/** Tests whose history is asked for at once: their names stand in an address. */
const NAMED = 20;
/** Runs of each that are shown, and sets of results that are looked through for them. */
const RUNS = 12;
const SETS = 60;

/** What of a set is to be shown. */
export interface Wanted {
  failed: boolean;
  search: string;
}

/** The test results of a build. They have no events of their own: they are read once their set is complete. */
export class Tests {
  readonly sets = new Table<TestResultSet>((set) => set.test_result_setid);
  /** The last runs of failed tests by name, the newest first. */
  readonly runs = new SvelteMap<string, TestRun[]>();
  /** The builds of those runs. */
  readonly builds = new SvelteMap<number, Build>();
  readonly #asked = new SvelteSet<string>();
  readonly #client: Client;
  readonly #builderid: number;

  readonly failed = $derived(sum(this.sets.all.map((set) => set.tests_failed)));
  readonly passed = $derived(sum(this.sets.all.map((set) => set.tests_passed)));

  constructor(client: Client, builderid: number) {
    this.#client = client;
    this.#builderid = builderid;
  }

  async read(buildid: number, signal: AbortSignal): Promise<void> {
    const answer = await this.#client.list('test_result_sets', `builds/${buildid}/test_result_sets`, {}, signal);
    this.sets.load(answer.data, cursorOf(answer));
  }

  /** Takes a set as an event tells it; those of other builds are nothing to us. */
  take(buildid: number, message: unknown, id: number): void {
    const set = message as TestResultSet;
    if (set.buildid === buildid) this.sets.apply(set, id);
  }

  /** A page of a set's results, from `offset` on. */
  async page(set: TestResultSet, { failed, search }: Wanted, offset: number, signal: AbortSignal): Promise<TestResult[]> {
    const query = {
      ...(failed ? failedQuery(set) : {}), ...(search === '' ? {} : { test_name__contains: search }), order: 'test_resultid', limit: PAGE, offset,
    };
    return (await this.#client.list('test_results', `test_result_sets/${set.test_result_setid}/results`, query, signal)).data;
  }

  /** Reads how failed tests did before, up to these results. */
  async wantRuns(set: TestResultSet, results: TestResult[], signal: AbortSignal): Promise<void> {
    const names = results.flatMap(({ test_name: name }) => (name !== null && !this.#asked.has(name) ? [name] : [])).slice(0, NAMED);
    if (names.length === 0) return;
    for (const name of names) this.#asked.add(name);
    const upTo = { builderid: this.#builderid, test_result_setid__le: set.test_result_setid };
    const [sets, found] = await Promise.all([
      this.#client.list('test_result_sets', 'test_result_sets', { ...upTo, order: '-test_result_setid', limit: SETS }, signal),
      this.#client.list('test_results', 'test_results', { ...upTo, test_name__eq: names, order: '-test_resultid', limit: names.length * RUNS }, signal),
    ]);
    const runs = runsByName(found.data, sets.data);
    const ids = distinct([...runs.values()].flat().map((run) => run.buildid)).filter((id) => !this.builds.has(id));
    const builds = ids.length === 0 ? [] : (await this.#client.list('builds', 'builds', { buildid__eq: ids }, signal)).data;
    for (const build of builds) this.builds.set(build.buildid, build);
    for (const [name, list] of runs) this.runs.set(name, list.slice(0, RUNS));
  }
}

function sum(counts: (number | null)[]): number {
  return counts.reduce<number>((all, count) => all + (count ?? 0), 0);
}
