import type { Wire } from '../../client/adapter.ts';
import { Buildbot } from '../../client/buildbot/index.ts';
import type { Watch, WatchEvent, WatchState } from '../../client/index.ts';

type Rows = Record<string, Record<string, unknown>[]>;

/** A stand-in for the browser's socket, to a Buildbot that lives in the test. */
class FakeSocket {
  onopen: (() => void) | null = null;
  onclose: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  readonly topics = new Set<string>();
  readonly #master: FakeBuildbot;

  constructor(master: FakeBuildbot) {
    this.#master = master;
    queueMicrotask(() => {
      if (master.socketDown) return this.onclose?.();
      master.sockets.push(this);
      this.onopen?.();
    });
  }

  send(text: string): void {
    const { cmd, path = '', _id } = JSON.parse(text) as { cmd: string; path?: string; _id: number };
    this.#master.commands.push(path === '' ? cmd : `${cmd} ${path}`);
    if (this.#master.silent) return;
    queueMicrotask(() => {
      if (path !== '' && this.#master.refused.has(path)) return this.answer({ error: 'no', code: 500, _id });
      if (cmd === 'startConsuming') this.topics.add(path);
      if (cmd === 'stopConsuming') this.topics.delete(path);
      this.answer({ msg: cmd === 'ping' ? 'pong' : 'OK', code: 200, _id });
    });
  }

  answer(frame: unknown): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }

  close(): void {
    this.#master.sockets = this.#master.sockets.filter((one) => one !== this);
    queueMicrotask(() => this.onclose?.());
  }
}

/** What the client sees of a Buildbot master: lists, and a socket that tells by topics of the exact number of words. */
export class FakeBuildbot {
  rows: Rows = {};
  sockets: FakeSocket[] = [];
  /** Paths that were read, with their queries. */
  readonly asked: string[] = [];
  readonly commands: string[] = [];
  readonly refused = new Set<string>();
  socketDown = false;
  /** Takes commands without an answer. */
  silent = false;
  /** Called at each read, before it is answered. */
  reading: () => void = () => undefined;
  readonly client: Buildbot;

  constructor(timing: Partial<{ first: number; longest: number; patience: number; round: number; kept: number }> = {}, send?: typeof fetch) {
    const wire: Wire = {
      base: 'http://bb/',
      fetch: send ?? (() => Promise.reject(new TypeError('down'))),
      read: (path, query) => {
        this.reading();
        const text = Object.entries(query).flatMap(([name, value]) => [value ?? []].flat().map((one) => `${name}=${String(one)}`)).join('&');
        this.asked.push(text === '' ? path : `${path}?${text}`);
        return Promise.resolve({ meta: {}, ...this.rows });
      },
    };
    this.client = new Buildbot(wire, {
      timing: { first: 5, longest: 20, patience: 2000, round: 10_000, kept: 60_000, ...timing },
      socket: () => new FakeSocket(this) as unknown as WebSocket,
      random: () => 1,
    });
  }

  /** Tells of something that happened to whoever consumes its topic. */
  tell(topic: string, message: Record<string, unknown>): void {
    const words = topic.split('/');
    for (const socket of this.sockets) {
      for (const path of socket.topics) {
        const pattern = path.split('/');
        if (pattern.length !== words.length || !pattern.every((word, at) => word === '*' || word === words[at])) continue;
        socket.answer({ k: topic, m: message });
      }
    }
  }

  /** Tells of a build under all its topics, as Buildbot does. */
  build(buildid: number, verb: string, more: Record<string, unknown> = {}): void {
    const row = { buildid, builderid: 1, number: buildid, workerid: 2, started_at: 10, complete: false, ...more };
    for (const path of [`builders/1/builds/${buildid}`, `builds/${buildid}`, `workers/2/builds/${buildid}`]) this.tell(`${path}/${verb}`, row);
  }

  /** Cuts all connections. */
  cut(): void {
    for (const socket of [...this.sockets]) socket.close();
  }

  watch(patterns: string[], since: number): Watch & Seen {
    const seen: Seen = { got: [], states: [], expired: 0 };
    const watch = this.client.watch({
      patterns, since,
      onEvent: (event) => seen.got.push(event),
      onState: (state) => seen.states.push(state),
      onExpired: () => seen.expired++,
    });
    // Not copied: what is noted later must be seen too.
    return new Proxy(watch, { get: (target, name) => (name in seen ? Reflect.get(seen, name) : bound(target, name)) as unknown }) as Watch & Seen;
  }
}

function bound(target: Watch, name: string | symbol): unknown {
  const value: unknown = Reflect.get(target, name, target);
  return typeof value === 'function' ? (value as (...given: unknown[]) => unknown).bind(target) : value;
}

/** What a watch told. */
export interface Seen {
  got: WatchEvent[];
  states: WatchState[];
  expired: number;
}
