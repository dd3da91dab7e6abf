import type { Build, BuildRequest, Buildset, Client, Properties, WatchEvent } from '../../../client/index.ts';
import { distinct } from '../../lib/distinct.ts';
import { cursorOf, type Source } from '../../lib/live.svelte.ts';
import { BuilderNames } from '../../lib/names.svelte.ts';
import { Table } from '../../lib/table.svelte.ts';
import { topicOf } from '../../lib/topic.ts';

/** Requests of a buildset that are shown, and builders whose builds are followed: the server takes a hundred topics. */
export const MOST = 500;
const FOLLOWED = 60;
/** Milliseconds after which it is asked again why a request waits, once something has happened that it may be due to. */
const PAUSE = 1500;
/** Waiting requests of the builder among which this one is looked for. */
const WAITING = 200;

/** Why a request waits, and its place among those that wait for the same builder. */
export interface Waiting {
  why: string;
  place: number;
  all: number;
}

/** A buildset with its requests and their builds: read once, then carried on by events. */
export class FollowedBuildset implements Source {
  buildset: Buildset | undefined = $state.raw();
  properties: Properties = $state.raw({});
  /** The builds that triggered it, and that it repeats. */
  parent: Build | undefined = $state.raw();
  rebuiltOf: Build | undefined = $state.raw();
  waiting: Waiting | undefined = $state.raw();
  readonly requests = new Table<BuildRequest>((request) => request.buildrequestid);
  readonly builds = new Table<Build>((build) => build.buildid);
  readonly names: BuilderNames;
  readonly #client: Client;
  /** The request that is looked at by itself. */
  readonly #requestid: number | undefined;
  #bsid: number;
  #setAt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  readonly request = $derived(this.requests.all.find((one) => one.buildrequestid === this.#requestid));
  readonly ordered = $derived(this.requests.all.toSorted((a, b) => a.buildrequestid - b.buildrequestid));

  constructor(client: Client, of: { bsid: number } | { buildrequestid: number }) {
    this.#client = client;
    this.names = new BuilderNames(client);
    this.#bsid = 'bsid' in of ? of.bsid : 0;
    this.#requestid = 'bsid' in of ? undefined : of.buildrequestid;
  }

  /** The last build of a request, where there is one. */
  buildOf(request: BuildRequest): Build | undefined {
    return this.builds.all.findLast((build) => build.buildrequestid === request.buildrequestid);
  }

  async snapshot(signal: AbortSignal): Promise<number> {
    const client = this.#client;
    if (this.#requestid !== undefined) this.#bsid = (await client.get('buildrequests', `buildrequests/${this.#requestid}`, {}, signal)).data.buildsetid;
    const [set, requests] = await Promise.all([
      client.get('buildsets', `buildsets/${this.#bsid}`, {}, signal),
      client.list('buildrequests', 'buildrequests', { buildsetid: this.#bsid, order: 'buildrequestid', limit: MOST }, signal),
    ]);
    const ids = requests.data.map((request) => request.buildrequestid);
    const builds = ids.length === 0 ? undefined : await client.list('builds', 'builds', { buildrequestid__eq: ids, order: 'buildid', limit: MOST }, signal);
    await this.names.want(requests.data.map((request) => request.builderid), signal);
    this.buildset = set.data;
    this.#setAt = cursorOf(set);
    this.requests.load(requests.data, cursorOf(requests));
    if (builds) this.builds.load(builds.data, cursorOf(builds));
    void this.#readRest(set.data, signal).catch(() => undefined);
    return Math.min(cursorOf(set), cursorOf(requests));
  }

  patterns(): string[] {
    const open = this.ordered.filter((request) => !request.complete);
    const alone = this.request && !this.request.claimed && !this.request.complete;
    return [
      `buildsets/${this.#bsid}/*`,
      `buildsets/${this.#bsid}/builders/*/buildrequests/*/*`,
      ...distinct(open.map((request) => `builders/${request.builderid}/builds/*/*`)).slice(0, FOLLOWED),
      ...(alone ? ['workers/*/*'] : []),
    ];
  }

  event({ id, key, message }: WatchEvent): void {
    switch (topicOf(key).type) {
      case 'buildsets':
        if (id > this.#setAt) this.buildset = message as Buildset;
        break;
      case 'buildrequests':
        this.requests.apply(message as BuildRequest, id);
        this.#askWhy();
        break;
      case 'builds': {
        const build = message as Build;
        if (build.buildrequestid !== null && this.requests.get(build.buildrequestid)) this.builds.apply(build, id);
        else this.#askWhy();
        break;
      }
      case 'workers': this.#askWhy();
    }
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  async #readRest(set: Buildset, signal: AbortSignal): Promise<void> {
    const client = this.#client;
    void this.#why(signal).catch(() => undefined);
    this.properties = (await client.get('properties', `buildsets/${set.bsid}/properties`, {}, signal)).data;
    const { parent_buildid: parent, rebuilt_buildid: rebuilt } = set;
    if (parent !== null) this.parent = await this.#other(parent, signal);
    if (rebuilt !== null) this.rebuiltOf = await this.#other(rebuilt, signal);
  }

  async #other(buildid: number, signal: AbortSignal): Promise<Build> {
    const { data } = await this.#client.get('builds', `builds/${buildid}`, {}, signal);
    await this.names.want([data.builderid], signal);
    return data;
  }

  /** Asks again why the request waits, a little later: what happens comes in bursts. */
  #askWhy(): void {
    if (this.#timer !== undefined || this.#closed || this.#requestid === undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#why().catch(() => undefined);
    }, PAUSE);
  }

  /** Only the server knows why: by the workers, locks and requests of others. */
  async #why(signal?: AbortSignal): Promise<void> {
    const { request } = this;
    if (!request || request.claimed || request.complete) return void (this.waiting = undefined);
    const { data } = await this.#client.view('home', { builderid: request.builderid, limit: WAITING }, signal);
    const at = data.waiting.findIndex((one) => one.buildrequestid === request.buildrequestid);
    const why = data.reasons[at];
    this.waiting = why === undefined ? undefined : { why, place: at + 1, all: data.waiting.length };
  }
}
