import { SvelteMap, SvelteSet } from 'svelte/reactivity';

import {
  ApiError, type Build, type BuildData, type Builder, type BuildRequest, type Buildset, type Change, type Client, type Log, type Properties, type Step,
  type Worker, type WatchEvent,
} from '../../../client/index.ts';
import { expectedSeconds, LOOKED_AT } from '../../lib/expected.ts';
import { inLanes, lanes } from '../../lib/lanes.ts';
import { cursorOf, type Source } from '../../lib/live.svelte.ts';
import { LogLines } from '../../lib/loglines.svelte.ts';
import { Table } from '../../lib/table.svelte.ts';
import { topicOf } from '../../lib/topic.ts';
import { words } from '../../words/words.svelte.ts';
import { Tests } from './tests.svelte.ts';
import { Triggered } from './triggered.svelte.ts';

/** Steps whose logs are followed at once; the server takes a hundred topics. */
const FOLLOWED = 30;

/** A build and what belongs to it: read once, then carried on by events. */
export class FollowedBuild implements Source {
  builder: Builder | undefined = $state.raw();
  worker: Worker | undefined = $state.raw();
  request: BuildRequest | undefined = $state.raw();
  buildset: Buildset | undefined = $state.raw();
  /** The build that triggered this one. */
  parent: Build | undefined = $state.raw();
  /** The build that this one repeats. */
  rebuiltOf: Build | undefined = $state.raw();
  properties: Properties = $state.raw({});
  changes: Change[] = $state.raw([]);
  /** Builds of the builder before this one, the newest first. */
  earlier: readonly Build[] = $state.raw([]);
  /** The steps of the last good build before a running one: what its steps are expected to take. */
  usual: readonly Step[] = $state.raw([]);
  buildid = $state(0);
  /** The request of the rebuild that was asked for here. */
  again: number | undefined = $state();
  /** This build, the one before and the one after. */
  readonly builds = new Table<Build>((b) => b.buildid);
  readonly steps = new Table<Step>((s) => s.stepid);
  readonly logs = new Table<Log>((l) => l.logid, (l) => l.stepid);
  /** Steps all of whose logs are known. */
  readonly read = new SvelteSet<number>();
  readonly data = new SvelteMap<string, BuildData>();
  readonly tests: Tests;
  readonly triggered: Triggered;
  readonly #client: Client;
  readonly #builderid: number;
  readonly #number: number;
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- a cache: what it holds is itself reactive
  readonly #lines = new Map<number, LogLines>();
  /** All steps of a build may be opened at once. */
  readonly #reading = lanes();
  #propertiesAt = 0;

  readonly build = $derived(this.builds.get(this.buildid));
  readonly ordered = $derived(this.steps.all.toSorted((a, b) => a.number - b.number));
  /** More steps are under way than are followed: their logs are read once they are complete. */
  readonly #crowded = $derived(this.ordered.filter((step) => this.#growing(step)).length > FOLLOWED);
  /** Builds before this one, and why and where it was built, have been read. */
  settled = $state(false);
  /** The last build before this one that went well. */
  lastGood: Build | undefined = $state.raw();
  /** Seconds that this build is expected to take. */
  readonly expected = $derived(this.build ? expectedSeconds(this.earlier, this.build.workerid) : undefined);
  readonly rebuilt = $derived(this.again === undefined ? undefined : this.builds.all.find((row) => row.buildrequestid === this.again));

  constructor(client: Client, builderid: number, number: number) {
    this.#client = client;
    this.#builderid = builderid;
    this.#number = number;
    this.tests = new Tests(client, builderid);
    this.triggered = new Triggered(client);
  }

  async snapshot(signal: AbortSignal): Promise<number> {
    const number = this.#number;
    const found = await this.#client.list('builds', 'builds', { builderid: this.#builderid, number__eq: [number - 1, number, number + 1] }, signal);
    const one = found.data.find((row) => row.number === number);
    if (!one) throw new ApiError(404, 'not_found', words.build.missing(number));
    const [names, steps, props, changed] = await Promise.all([
      this.#client.get('builders', `builders/${this.#builderid}`, {}, signal),
      this.#client.list('steps', `builds/${one.buildid}/steps`, {}, signal),
      this.#client.get('properties', `builds/${one.buildid}/properties`, {}, signal),
      this.#client.list('changes', `builds/${one.buildid}/changes`, {}, signal),
    ]);
    this.buildid = one.buildid;
    this.builder = names.data;
    this.builds.load(found.data, cursorOf(found));
    this.steps.load(steps.data, cursorOf(steps));
    this.properties = props.data;
    this.#propertiesAt = cursorOf(props);
    this.changes = changed.data;
    await inLanes([...this.read], (stepid) => this.#readLogs(stepid, signal));
    for (const step of steps.data) if (step.started_at === null && !this.#crowded) this.read.add(step.stepid);
    void this.#readRest(one, signal);
    return cursorOf(found);
  }

  patterns(): string[] {
    const { buildid } = this;
    const running = this.build?.complete === false;
    const next = this.again === undefined ? `builders/${this.#builderid}/builds/${this.#number + 1}/*` : `builders/${this.#builderid}/builds/*/*`;
    const whileItRuns = running ? [`builds/${buildid}/properties/*`, `builds/${buildid}/data/*/*`, 'test_result_sets/*/*'] : [];
    return [
      `builds/${buildid}/*`,
      `builds/${buildid}/steps/*/*`,
      next,
      ...whileItRuns,
      ...this.triggered.patterns(this.build),
      ...this.ordered.filter((step) => this.#growing(step)).slice(0, FOLLOWED).map((step) => `steps/${step.stepid}/logs/*/*`),
    ];
  }

  event({ id, key, message }: WatchEvent): void {
    switch (topicOf(key).type) {
      case 'properties':
        if (id > this.#propertiesAt) this.properties = { ...this.properties, ...(message as Properties) };
        break;
      case 'steps': this.#stepped(message as Step, id, key.at(-1) === 'new'); break;
      case 'logs': {
        const log = message as Log;
        if (this.logs.apply(log, id)) this.#lines.get(log.logid)?.update(log);
        break;
      }
      case 'data': this.data.set((message as BuildData).name, message as BuildData); break;
      case 'test_result_sets': this.tests.take(this.buildid, message, id); break;
      case 'buildsets':
      case 'buildrequests': this.triggered.event(message, id, this.buildid); break;
      case 'builds': {
        const build = message as Build;
        if (build.builderid === this.#builderid) this.builds.apply(build, id);
        this.triggered.take(build, id);
      }
    }
  }

  /** The build of that number, where it is known. */
  numbered(number: number): Build | undefined {
    return this.builds.all.find((row) => row.number === number && row.builderid === this.#builderid);
  }

  /** The lines of a log, shared by all who show it. */
  linesOf(log: Log): LogLines {
    let one = this.#lines.get(log.logid);
    if (!one) this.#lines.set(log.logid, (one = new LogLines((...wanted) => this.#reading(() => this.#client.lines(log.logid, ...wanted)), log)));
    return one;
  }

  /** Reads the logs of a step, as the reader wants to see them. */
  wantLogs(stepid: number): Promise<void> {
    return this.#reading(() => this.#readLogs(stepid));
  }

  /** Asks for the same build again. */
  async rebuild(): Promise<void> {
    const { requests } = await this.#client.rebuild(this.buildid);
    this.again = requests.get(this.#builderid) ?? [...requests.values()][0];
    if (this.again === undefined) return;
    // It may have begun before its topic was followed.
    const begun = await this.#client.list('builds', 'builds', { builderid: this.#builderid, buildrequestid: this.again });
    this.builds.add(begun.data, cursorOf(begun));
  }

  close(): void {
    this.#lines.forEach((one) => one.close());
  }

  #growing(step: Step): boolean {
    return !step.complete || this.logs.in(step.stepid).some((log) => !log.complete);
  }

  #stepped(step: Step, id: number, made: boolean): void {
    if (step.buildid !== this.buildid) return this.triggered.stepped(step, id);
    if (!this.steps.apply(step, id)) return;
    if (!this.#crowded) {
      // All its logs are still to come, and from here on they are followed: there is nothing to read.
      if (made || step.started_at === null) this.read.add(step.stepid);
    } else if (step.complete && this.read.has(step.stepid)) void this.#readLogs(step.stepid).catch(() => undefined);
  }

  async #readLogs(stepid: number, signal?: AbortSignal): Promise<void> {
    const answer = await this.#client.list('logs', `steps/${stepid}/logs`, {}, signal);
    this.logs.add(answer.data, cursorOf(answer));
    for (const log of answer.data) this.#lines.get(log.logid)?.update(log);
    this.read.add(stepid);
  }

  /** What the page can do without: each part is shown as it comes, and left out where it cannot be read. */
  async #readRest(one: Build, signal: AbortSignal): Promise<void> {
    const parts = [
      () => this.tests.read(one.buildid, signal), () => this.#readOrigin(one, signal), () => this.triggered.read(one, signal),
      () => this.#readEarlier(one, signal), () => this.#readData(one, signal),
    ];
    await inLanes(parts, (part) => part().catch(() => undefined), 3);
    if (!signal.aborted) this.settled = true;
  }

  async #readOrigin(one: Build, signal: AbortSignal): Promise<void> {
    const client = this.#client;
    if (one.workerid !== null) this.worker = (await client.get('workers', `workers/${one.workerid}`, {}, signal)).data;
    if (one.buildrequestid === null) return;
    this.request = (await client.get('buildrequests', `buildrequests/${one.buildrequestid}`, {}, signal)).data;
    const buildset = (await client.get('buildsets', `buildsets/${this.request.buildsetid}`, {}, signal)).data;
    this.buildset = buildset;
    const { parent_buildid: parent, rebuilt_buildid: rebuilt } = buildset;
    if (parent !== null) this.parent = await this.#other(parent, signal);
    if (rebuilt !== null) this.rebuiltOf = await this.#other(rebuilt, signal);
  }

  async #other(buildid: number, signal: AbortSignal): Promise<Build> {
    const { data } = await this.#client.get('builds', `builds/${buildid}`, {}, signal);
    await this.triggered.names.want([data.builderid], signal);
    return data;
  }

  async #readEarlier(one: Build, signal: AbortSignal): Promise<void> {
    const query = { builderid: one.builderid, number__lt: one.number, order: '-number', limit: LOOKED_AT };
    this.earlier = (await this.#client.list('builds', 'builds', query, signal)).data;
    this.lastGood = this.earlier.find((build) => build.results === 0 || build.results === 1) ?? (await this.#olderGood(one, signal));
    const good = this.lastGood;
    if (!one.complete && good) this.usual = (await this.#client.list('steps', `builds/${good.buildid}/steps`, {}, signal)).data;
  }

  /** The last good build beyond those that were read. */
  async #olderGood(one: Build, signal: AbortSignal): Promise<Build | undefined> {
    if (this.earlier.length < LOOKED_AT) return undefined;
    const query = { builderid: one.builderid, number__lt: one.number - LOOKED_AT, results__eq: [0, 1], order: '-number', limit: 1 };
    return (await this.#client.list('builds', 'builds', query, signal)).data[0];
  }

  async #readData(one: Build, signal: AbortSignal): Promise<void> {
    // What an event told meanwhile is not older than the answer.
    const told = [...this.data.keys()];
    const { data } = await this.#client.list('build_data', `builds/${one.buildid}/data`, {}, signal);
    for (const row of data) if (told.includes(row.name) || !this.data.has(row.name)) this.data.set(row.name, row);
  }
}
