import { SvelteMap } from 'svelte/reactivity';

import type { Answer, Build, Builder, BuildRequest, Client, Query, Step, Views, WatchEvent, Worker } from '../../client/index.ts';
import { cursorOf } from './live.svelte.ts';
import { Pace } from './pace.ts';
import { Table } from './table.svelte.ts';
import { isGood, tells } from './tally.ts';
import { topicOf } from './topic.ts';

/** Rows of each kind that are read and kept. */
const LIMIT = 200;
/** Milliseconds: after an event, and between two readings, of what no event tells. */
const SOON = 500;
const PAUSE = 2500;
/** More builders than these are asked for all at once. */
const MANY = 40;

type Broken = Views['home']['broken'][number];
type Reason = Views['home']['reasons'][number];

/** A build as one cell of a table, as the server's views tell it. */
function cellOf(build: Build): Broken['last'] {
  const complete = build.complete_at_us ?? (build.complete_at === null ? null : build.complete_at * 1e6);
  return [build.buildid, build.number, build.started_at_us ?? build.started_at * 1e6, complete, build.results];
}

/** The topics that the tables of the view `home` follow. */
export const HOME_TOPICS = ['builders/*/*', 'builds/*/*', 'steps/*/*', 'buildrequests/*/*', 'workers/*/*'];

/**
 * The tables of the server's view `home`: what runs, what waits and why, what ended, what is broken. Events carry them on; what
 * events do not tell (expected ends, reasons, when a builder last went well) is read again for the builders that something
 * happened to, not more often than every few seconds.
 */
export class HomeTables {
  readonly builders = new Table<Builder>((b) => b.builderid);
  readonly running = new Table<Build>((b) => b.buildid, (b) => b.builderid);
  readonly requests = new Table<BuildRequest>((r) => r.buildrequestid, (r) => r.builderid);
  readonly workers = new Table<Worker>((w) => w.workerid);
  /** Builds that ended. */
  readonly recent = new Table<Build>((b) => b.buildid);
  /** The step that a running build is at, by the build's id. */
  readonly steps = new SvelteMap<number, Step>();
  /** When a running build is expected to end, in UTC seconds, by its id. */
  readonly expected = new SvelteMap<number, number>();
  /** Why a request waits, by its id. */
  readonly reasons = new SvelteMap<number, Reason>();
  /** Builders whose last telling build was bad, by id. */
  readonly broken = new SvelteMap<number, Broken>();
  /** Whether there is more than was read. */
  more = $state.raw({ running: false, waiting: false });
  readonly #client: Client;
  readonly #scope: () => Query;
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- nobody shows it
  readonly #asked = new Set<number>();
  readonly #pace = new Pace(() => this.#again(), SOON, PAUSE);
  #cursor = 0;
  #seen = 0;
  #signal: AbortSignal | undefined;

  /** `scope` tells which builders, in the words of the server's views. */
  constructor(client: Client, scope: () => Query = () => ({})) {
    this.#client = client;
    this.#scope = scope;
  }

  /** Reads everything, and gives the cursor from which to follow. */
  async read(signal: AbortSignal): Promise<number> {
    this.#signal = signal;
    signal.addEventListener('abort', () => this.#pace.stop(), { once: true });
    const [home, workers] = await Promise.all([
      this.#client.view('home', { ...this.#scope(), limit: LIMIT }, signal),
      this.#client.list('workers', 'workers', {}, signal),
    ]);
    this.workers.load(workers.data, cursorOf(workers));
    this.#load(home);
    return Math.min(cursorOf(home), cursorOf(workers));
  }

  #load({ data, cursor: told }: Answer<Views['home']>): void {
    const cursor = cursorOf({ cursor: told });
    this.#cursor = cursor;
    this.#seen = cursor;
    this.builders.load(data.builders, cursor);
    this.running.load(data.running, cursor);
    this.requests.load(data.waiting, cursor);
    this.recent.load(data.recent, cursor);
    this.more = { running: data.running.length >= LIMIT, waiting: data.waiting.length >= LIMIT };
    for (const map of [this.steps, this.expected, this.reasons, this.broken]) map.clear();
    for (const row of data.broken) this.broken.set(row.builderid, row);
    this.#told(data);
  }

  /** Takes what only the view tells of its rows. */
  #told(data: Views['home']): void {
    for (const step of data.steps) this.#step(step);
    for (const { buildid, end_at } of data.expected) if (this.running.get(buildid)) this.expected.set(buildid, end_at);
    data.waiting.forEach(({ buildrequestid }, at) => {
      const reason = data.reasons[at];
      if (reason && this.requests.get(buildrequestid)) this.reasons.set(buildrequestid, reason);
    });
  }

  /** Takes an event of `HOME_TOPICS`, or one of a builder's below it. */
  event({ id, key, message }: WatchEvent): void {
    this.#seen = id;
    const { type } = topicOf(key);
    if (type === 'builds') this.#build(message as Build, id);
    else if (type === 'steps' && id > this.#cursor) this.#step(message as Step);
    else if (type === 'buildrequests') this.#request(message as BuildRequest, id);
    else if (type === 'workers') this.#worker(message as Worker, id);
    else if (type === 'builders') this.#builder(message as Builder, id);
  }

  #build(row: Build, id: number): void {
    const { buildid, builderid, buildrequestid } = row;
    if (!this.builders.get(builderid)) return;
    if (row.complete) {
      if (this.recent.apply(row, id)) this.#ended(row);
      return;
    }
    const known = this.running.get(buildid) !== undefined;
    if (this.recent.get(buildid) || !this.running.apply(row, id) || known) return;
    if (buildrequestid !== null) this.#answered(buildrequestid);
    this.#ask(builderid);
  }

  #ended(row: Build): void {
    this.running.delete(row.buildid);
    this.steps.delete(row.buildid);
    this.expected.delete(row.buildid);
    const old = this.recent.all.sort((a, b) => (b.complete_at ?? 0) - (a.complete_at ?? 0)).slice(LIMIT);
    for (const { buildid } of old) this.recent.delete(buildid);
    if (!tells(row)) return;
    if (isGood(row)) this.broken.delete(row.builderid);
    else {
      const before = this.broken.get(row.builderid);
      const since = before ?? { builderid: row.builderid, since: cellOf(row), last_good_buildid: null };
      this.broken.set(row.builderid, { ...since, last: cellOf(row) });
    }
    this.#ask(row.builderid);
  }

  #step(step: Step): void {
    if (step.started_at === null || !this.running.get(step.buildid)) return;
    const now = this.steps.get(step.buildid);
    if (!now || now.number <= step.number) this.steps.set(step.buildid, step);
  }

  #request(row: BuildRequest, id: number): void {
    if (!this.builders.get(row.builderid) || !this.requests.apply(row, id)) return;
    const runs = this.running.in(row.builderid).some(({ buildrequestid }) => buildrequestid === row.buildrequestid);
    if (row.complete || runs) this.#answered(row.buildrequestid);
    else this.#ask(row.builderid);
  }

  #answered(request: number): void {
    this.requests.delete(request);
    this.reasons.delete(request);
  }

  #worker(row: Worker, id: number): void {
    const worker = { ...this.workers.get(row.workerid), ...row };
    if (!this.workers.apply(worker, id)) return;
    for (const { builderid } of worker.configured_on ?? []) if (this.requests.in(builderid).length > 0) this.#ask(builderid);
  }

  /** Buildbot's `started` and `stopped` carry only the builder's id and name: it is read. */
  #builder({ builderid }: Builder, id: number): void {
    if (id <= this.#cursor) return;
    // Whether a new one is within the scope only the server knows, at the next reading of all.
    if (!this.builders.get(builderid) && Object.keys(this.#scope()).length > 0) return;
    this.#client.get('builders', `builders/${builderid}`, {}, this.#signal).then(
      (answer) => this.builders.add([answer.data], cursorOf(answer)),
      () => undefined,
    );
  }

  /** Has the view read again for a builder. */
  #ask(builderid: number): void {
    this.#asked.add(builderid);
    this.#pace.ask();
  }

  async #again(): Promise<void> {
    const asked = [...this.#asked];
    this.#asked.clear();
    try {
      const some = asked.length > MANY ? {} : { builderid: asked };
      if (!this.#signal?.aborted) this.#amend(await this.#client.view('home', { ...this.#scope(), ...some, limit: LIMIT }, this.#signal), asked);
    } catch {
      // What is shown stays; the next event asks again.
    }
  }

  #amend({ data, cursor }: Answer<Views['home']>, asked: number[]): void {
    // An answer that is older than what was told in the meantime would bring back what is over.
    if (cursor !== null && cursor >= this.#seen) {
      this.running.add(data.running, cursor);
      this.requests.add(data.waiting, cursor);
      for (const builderid of asked) {
        const row = data.broken.find((one) => one.builderid === builderid);
        if (row) this.broken.set(builderid, row);
        else this.broken.delete(builderid);
      }
    } else {
      for (const row of data.broken) if (this.broken.get(row.builderid)?.last[0] === row.last[0]) this.broken.set(row.builderid, row);
    }
    this.#told(data);
  }
}

/** Requests in the order in which they go. */
export function inTurn(requests: readonly BuildRequest[]): BuildRequest[] {
  return requests.toSorted((a, b) => b.priority - a.priority || a.submitted_at - b.submitted_at || a.buildrequestid - b.buildrequestid);
}
