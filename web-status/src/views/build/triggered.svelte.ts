import { SvelteMap, SvelteSet } from 'svelte/reactivity';

import type { Build, BuildRequest, Buildset, Client, Step } from '../../../client/index.ts';
import { distinct } from '../../lib/distinct.ts';
import { cursorOf } from '../../lib/live.svelte.ts';
import { Table } from '../../lib/table.svelte.ts';
import type { Child } from '../../lib/triggered.ts';
import { BuilderNames } from '../../lib/names.svelte.ts';

/** Builds and requests that are followed at once, and those whose steps are: the server takes a hundred topics. */
const FOLLOWED = { builds: 14, requests: 10, steps: 6 };
/** Children of one build that are read. */
const MOST = 200;

/** The builds that a build triggered, and those that these triggered, as far as the reader has opened them. */
export class Triggered {
  readonly names: BuilderNames;
  readonly builds = new Table<Build>((build) => build.buildid);
  readonly requests = new Table<BuildRequest>((request) => request.buildrequestid);
  /** Steps of the builds that are open. */
  readonly steps = new Table<Step>((step) => step.stepid, (step) => step.buildid);
  /** Builds that the reader has opened. */
  readonly open = new SvelteSet<number>();
  readonly #parents = new SvelteMap<number, number>();
  readonly #parentOfSet = new SvelteMap<number, number>();
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
    this.names = new BuilderNames(client);
  }

  /** What a build triggered, the oldest first. */
  of(buildid: number): Child[] {
    const builds = this.builds.all.filter((build) => this.#parents.get(build.buildid) === buildid);
    const begun = builds.map((build) => build.buildrequestid);
    const waiting = this.requests.all.filter((one) => this.#parentOfSet.get(one.buildsetid) === buildid && !begun.includes(one.buildrequestid));
    return [
      ...builds.toSorted((a, b) => a.buildid - b.buildid).map((build) => ({ key: `b${build.buildid}`, build, request: undefined })),
      ...waiting.map((request) => ({ key: `r${request.buildrequestid}`, build: undefined, request })),
    ];
  }

  /** Topics of what can still happen to them. */
  patterns(root: Build | undefined): string[] {
    const parents = [root, ...this.builds.all.filter((build) => this.open.has(build.buildid))];
    const builds = this.builds.all.filter((build) => !build.complete).slice(0, FOLLOWED.builds);
    const requests = this.requests.all.filter((request) => !request.complete).slice(0, FOLLOWED.requests);
    const open = builds.filter((build) => this.open.has(build.buildid)).slice(0, FOLLOWED.steps);
    return [
      ...(parents.some((build) => build?.complete === false) ? ['buildsets/*/new'] : []),
      ...builds.map((build) => `builds/${build.buildid}/*`),
      ...requests.map((request) => `buildrequests/${request.buildrequestid}/*`),
      ...distinct(requests.map((request) => `builders/${request.builderid}/builds/*/new`)),
      ...open.map((build) => `builds/${build.buildid}/steps/*/*`),
    ];
  }

  /** Takes a buildset or a request. */
  event(message: unknown, id: number, root: number): void {
    const { bsid, parent_buildid: parent } = message as Partial<Buildset>;
    if (bsid !== undefined) {
      const ours = parent !== null && parent !== undefined && (parent === root || this.open.has(parent));
      // Its requests were told of before it: they are read.
      if (ours && !this.#parentOfSet.has(bsid)) void this.#readSets([bsid], parent).catch(() => undefined);
      return;
    }
    const request = message as BuildRequest;
    if (this.requests.get(request.buildrequestid)) this.requests.apply(request, id);
  }

  /** Takes a build, if it is one of them. */
  take(build: Build, id: number): void {
    const request = build.buildrequestid === null ? undefined : this.requests.get(build.buildrequestid);
    const parent = request ? this.#parentOfSet.get(request.buildsetid) : undefined;
    if (parent !== undefined) this.#parents.set(build.buildid, parent);
    if (this.#parents.has(build.buildid)) this.builds.apply(build, id);
  }

  stepped(step: Step, id: number): void {
    if (this.open.has(step.buildid)) this.steps.apply(step, id);
  }

  /** Opens one of the builds, or closes it. */
  toggle(build: Build): Promise<void> {
    if (this.open.delete(build.buildid)) return Promise.resolve();
    this.open.add(build.buildid);
    return this.#readOpen(build);
  }

  /** Reads what a build triggered, and what is still to begin; of those that are open too. */
  async read(build: Build, signal?: AbortSignal): Promise<void> {
    const answer = await this.#client.list('builds', `builds/${build.buildid}/triggered_builds`, { limit: MOST }, signal);
    for (const child of answer.data) this.#parents.set(child.buildid, build.buildid);
    this.builds.add(answer.data, cursorOf(answer));
    await this.names.want(answer.data.map((child) => child.builderid), signal);
    if (!build.complete) {
      const sets = await this.#client.list('buildsets', 'buildsets', { parent_buildid: build.buildid, complete: false, limit: MOST }, signal);
      await this.#readSets(sets.data.map((set) => set.bsid), build.buildid, signal);
    }
    for (const child of answer.data) if (this.open.has(child.buildid)) await this.#readOpen(child, signal);
  }

  async #readOpen(build: Build, signal?: AbortSignal): Promise<void> {
    const steps = await this.#client.list('steps', `builds/${build.buildid}/steps`, {}, signal);
    this.steps.add(steps.data, cursorOf(steps));
    await this.read(build, signal);
  }

  async #readSets(ids: number[], parent: number, signal?: AbortSignal): Promise<void> {
    if (ids.length === 0) return;
    for (const id of ids) this.#parentOfSet.set(id, parent);
    const requests = await this.#client.list('buildrequests', 'buildrequests', { buildsetid__eq: ids, limit: MOST }, signal);
    this.requests.add(requests.data, cursorOf(requests));
    await this.names.want(requests.data.map((request) => request.builderid), signal);
    if (requests.data.length === 0) return;
    // From when the requests are known on, their builds are followed; these are the ones that had begun before.
    const begun = await this.#client.list('builds', 'builds', { buildrequestid__eq: requests.data.map((request) => request.buildrequestid) }, signal);
    for (const build of begun.data) this.#parents.set(build.buildid, parent);
    this.builds.add(begun.data, cursorOf(begun));
  }
}
