import { createContext } from 'svelte';

import type { Build, Client, WatchEvent } from '../../client/index.ts';
import { listenBeside, type Beside } from './beside.ts';
import { settings } from './settings.svelte.ts';
import { isBad, statusOf, type Status } from './status.ts';
import { recall, remember } from './storage.ts';
import { Table } from './table.svelte.ts';
import { topicOf } from './topic.ts';

/** Something that the reader wants to be told of: all builds of a builder, or the end of one build. */
export interface Item {
  builderid: number;
  /** The builder's name. */
  name: string;
  /** One build; left out: all of the builder. */
  build?: { buildid: number; number: number };
}

/** A watched build that has ended. */
export interface End {
  build: Build;
  /** The builder's name. */
  name: string;
  status: Status;
}

/** More would be more topics than a stream may have, and nobody's overview. */
export const MOST = 40;
const KEPT = 200;

/** The watched builders and builds of this browser for one master, and how they stand: heard over the stream of whatever view is shown. */
export class Watched implements Beside {
  items: Item[] = $state.raw([]);
  /** Ends that were told, the newest last, until the reader has seen them. */
  ends: End[] = $state.raw([]);
  cursor: number | undefined;
  readonly #key: string;
  readonly #client: Client;
  readonly #builds = new Table<Build>((build) => build.buildid, (build) => build.builderid);
  #reading = false;
  #elected = false;
  /** Told of each end that settings and the reader want to hear of. */
  tell: (end: End) => void = () => undefined;

  constructor(client: Client) {
    this.#client = client;
    this.#key = `weir-watched:${client.base}`;
    this.items = parseItems(recall(this.#key));
  }

  /** Begins to listen; gives what ends it. */
  listen(): () => void {
    const heard = (event: StorageEvent): void => {
      if (event.key === this.#key) this.items = parseItems(event.newValue ?? undefined);
    };
    addEventListener('storage', heard);
    const end = listenBeside(this);
    const leave = this.#elect();
    return () => {
      removeEventListener('storage', heard);
      end();
      leave();
    };
  }

  has(item: Item): boolean {
    return this.items.some((one) => same(one, item));
  }

  /** Watches it, or no more. */
  toggle(item: Item): void {
    const rest = this.items.filter((one) => !same(one, item));
    this.#keep(rest.length < this.items.length ? rest : [...this.items, item].slice(-MOST));
    // After the stream has its topics: what happens meanwhile is heard, and older than what is read.
    if (this.has(item)) void this.#read();
  }

  readonly patterns = (): string[] =>
    this.items.map(({ builderid, build }) => (build ? `builds/${build.buildid}/*` : `builders/${builderid}/builds/*/*`));

  readonly opened = (): void => {
    if (this.cursor === undefined) void this.#read();
  };

  readonly awake = (): boolean => this.#elected && settings.notify !== 'off';

  readonly event = ({ id, key, message }: WatchEvent): void => {
    if (topicOf(key).type !== 'builds') return;
    const build = message as Build;
    const before = this.#builds.get(build.buildid);
    if (this.#itemOf(build) === undefined || !this.#builds.apply(build, id)) return;
    if (build.complete && !before?.complete) this.#ended(build);
    this.#builds.trim(KEPT, (one) => one.complete);
  };

  /** How a watched thing stands: what runs goes before what has ended. */
  statusOf({ builderid, build }: Item): Status {
    if (build) return statusOf(this.#builds.get(build.buildid));
    const all = this.#builds.in(builderid);
    return statusOf(all.find((one) => !one.complete) ?? all[0]);
  }

  /** The status that the page's icon shows: what is bad first, then what runs; undefined where there is nothing to show. */
  get worst(): Status | undefined {
    const all = this.items.flatMap((item) => (item.build ? [this.statusOf(item)] : this.#both(item.builderid)));
    all.push(...this.ends.map(({ status }) => status));
    return ORDER.find((status) => all.includes(status));
  }

  /** The reader has seen what has ended. */
  seen(): void {
    if (this.ends.length > 0) this.ends = [];
  }

  #both(builderid: number): Status[] {
    const all = this.#builds.in(builderid);
    const ended = all.find((one) => one.complete);
    return [...(all.some((one) => !one.complete) ? ['running' as const] : []), ...(ended ? [statusOf(ended)] : [])];
  }

  #itemOf(build: Build): Item | undefined {
    return this.items.find((item) => (item.build ? item.build.buildid === build.buildid : item.builderid === build.builderid));
  }

  #ended(build: Build): void {
    const item = this.#itemOf(build);
    if (!item) return;
    const status = statusOf(build);
    // One build ends once: there is nothing more to wait for.
    this.#keep(this.items.filter((one) => one.build?.buildid !== build.buildid));
    const end = { build, name: item.name, status };
    this.ends = [...this.ends, end].slice(-MOST);
    if (settings.notify === 'all' || (settings.notify === 'bad' && isBad(status))) this.tell(end);
  }

  /** Reads how all that is watched stands, in two bounded questions, and tells of what ended while nobody heard. */
  async #read(): Promise<void> {
    if (this.#reading || this.items.length === 0) return;
    this.#reading = true;
    try {
      const single = this.items.flatMap(({ build }) => (build ? [build.buildid] : []));
      const builders = this.items.flatMap(({ builderid, build }) => (build ? [] : [builderid]));
      const ask = (query: Record<string, number[]>): ReturnType<Client['list']> => this.#client.list('builds', 'builds', { ...query, order: '-buildid', limit: KEPT });
      const answers = await Promise.all([...(single.length > 0 ? [ask({ buildid: single })] : []), ...(builders.length > 0 ? [ask({ builderid: builders })] : [])]);
      for (const { data, cursor } of answers) this.#learn(data as Build[], cursor);
    } catch {
      // The next stream asks again.
    }
    this.#reading = false;
  }

  #learn(rows: Build[], cursor: number | null): void {
    // eslint-disable-next-line svelte/prefer-svelte-reactivity -- never changes once it is made
    const ran = new Set(this.#builds.all.filter((one) => !one.complete).map((one) => one.buildid));
    this.#builds.add(rows, cursor ?? 0);
    for (const build of rows) {
      const once = this.items.some((item) => item.build?.buildid === build.buildid);
      if (build.complete && (ran.has(build.buildid) || once)) this.#ended(build);
    }
    if (cursor !== null) this.cursor = Math.max(this.cursor ?? 0, cursor);
  }

  #keep(items: Item[]): void {
    this.items = items;
    remember(this.#key, items.length === 0 ? undefined : JSON.stringify(items));
  }

  /** Of all tabs one stays awake for this; where browsers cannot agree on one, each sleeps when it is hidden. */
  #elect(): () => void {
    let leave = (): void => undefined;
    const left = new Promise<void>((resolve) => (leave = resolve));
    void navigator.locks?.request(this.#key, () => {
      this.#elected = true;
      return left;
    }).catch(() => undefined);
    return leave;
  }
}

/** What goes before what in the page's icon. */
const ORDER: readonly Status[] = ['failure', 'exception', 'running', 'warnings', 'success'];

function same(one: Item, other: Item): boolean {
  return one.builderid === other.builderid && one.build?.buildid === other.build?.buildid;
}

/** What was kept, as far as it makes sense. */
export function parseItems(text: string | undefined): Item[] {
  try {
    const value: unknown = JSON.parse(text ?? '[]');
    return Array.isArray(value) ? (value as unknown[]).flatMap(parseItem).slice(-MOST) : [];
  } catch {
    return [];
  }
}

function parseItem(value: unknown): Item[] {
  const { builderid, name, build } = (typeof value === 'object' && value !== null ? value : {}) as Partial<Item>;
  if (typeof builderid !== 'number' || typeof name !== 'string') return [];
  if (build === undefined) return [{ builderid, name }];
  return typeof build.buildid === 'number' && typeof build.number === 'number' ? [{ builderid, name, build: { buildid: build.buildid, number: build.number } }] : [];
}

/** What the page watches. */
export const [getWatched, setWatched] = createContext<Watched>();
