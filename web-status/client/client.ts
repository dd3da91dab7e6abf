import { BUILDBOT, WEIR, type Adapter, type Capabilities } from './adapter.ts';
import { authorization } from './authorization.ts';
import { ApiError, ControlError, UnreachableError } from './errors.ts';
import { masterOf, type Master } from './master.ts';
import { encodeQuery, type Query } from './query.ts';
import type { LogChunk, LogQuery, LogSearch, ResourceName, Resources, ViewName, Views } from './types.ts';
import { watch, type Watch, type WatchOptions } from './watch.ts';

/** The objects of an answer and the event sequence number at which they are true. */
export interface Answer<T> {
  data: T;
  /** `null` where the server sends no `X-Weir-Cursor`, or hides it from another origin. */
  cursor: number | null;
  /** Token for the next page (`after=`), where there is one. */
  next?: string;
}

export interface ClientOptions {
  /** Address of the site that serves `api/v2` and `sse`, with or without a trailing slash. */
  base: string;
  /** Seconds after which a read or command is given up; 30 where not given. */
  timeout?: number;
  /** Asked before each request: the API token to send as `Authorization: Bearer`, where there is one. */
  token?: () => string | undefined;
  /** In the place of the global `fetch`. */
  fetch?: typeof fetch;
  /** Which program the master is, `weir` where not given; `ask` finds out before the first read. */
  master?: Master | 'ask';
  /** Called once it is known what the master can do, if that is less than Weir can. */
  onCapabilities?: (capabilities: Capabilities) => void;
}

/** An answer that has been read to its end. */
interface Reply {
  status: number;
  ok: boolean;
  headers: Headers;
  body: unknown;
}

/** Typed access to one master's JSON API. To Weir it holds no state but the address; to Buildbot it keeps a connection. */
export class Client {
  readonly base: string;
  /** What the master can do; Weir's until something else is known. */
  capabilities: Capabilities = WEIR;
  readonly #fetch: typeof fetch;
  readonly #timeout: number;
  readonly #token: () => string | undefined;
  readonly #onCapabilities: (capabilities: Capabilities) => void;
  #master: Master | 'ask';
  #adapter: Adapter | undefined;
  #adapting: Promise<Adapter | undefined> | undefined;
  #lastCommand = 0;

  constructor(options: ClientOptions) {
    this.base = options.base.endsWith('/') ? options.base : `${options.base}/`;
    // Called as a plain function: a browser refuses `fetch` with another `this`.
    this.#fetch = options.fetch ?? ((input, init) => fetch(input, init));
    this.#timeout = options.timeout ?? 30;
    this.#token = options.token ?? (() => undefined);
    this.#master = options.master ?? 'weir';
    if (this.#master === 'buildbot') this.capabilities = BUILDBOT;
    this.#onCapabilities = options.onCapabilities ?? (() => undefined);
  }

  /** The full address of an API path (below `api/v2`), as for links to raw logs. */
  address(path: string, query?: Query): string {
    return `${this.base}api/v2/${path}${encodeQuery(query)}`;
  }

  /** Reads a collection. `resource` is the key of the objects in the answer, `path` is below `api/v2`. */
  async list<R extends ResourceName>(
    resource: R,
    path: string,
    query?: Query,
    signal?: AbortSignal,
  ): Promise<Answer<Resources[R][]>> {
    const adapter = await this.#adapt();
    if (adapter) return adapter.list(resource, path, query ?? {}, signal);
    const { body, cursor } = await this.#read(this.address(path, query), signal);
    const rows = body[resource];
    if (!Array.isArray(rows)) throw new ApiError(200, 'unexpected', `The server's answer for ${path} holds no ${resource}.`);
    const answer: Answer<Resources[R][]> = { data: rows as Resources[R][], cursor };
    const meta = isObject(body['meta']) ? body['meta'] : {};
    if (typeof meta['next'] === 'string') answer.next = meta['next'];
    return answer;
  }

  /** Reads one object; a missing one is an `ApiError` with status 404. */
  async get<R extends ResourceName>(
    resource: R,
    path: string,
    query?: Query,
    signal?: AbortSignal,
  ): Promise<Answer<Resources[R]>> {
    const { data, cursor } = await this.list(resource, path, query, signal);
    const first = data[0];
    if (first === undefined) throw new ApiError(404, 'not_found', `There is nothing at ${path}.`);
    return { data: first, cursor };
  }

  /** Reads what a display of many builds needs, in one bounded answer; for Buildbot it is put together here. */
  async view<V extends ViewName>(name: V, query?: Query, signal?: AbortSignal): Promise<Answer<Views[V]>> {
    const adapter = await this.#adapt();
    if (adapter) return adapter.view(name, query ?? {}, signal);
    const { body, cursor } = await this.#read(this.address(`views/${name}`, query), signal);
    return { data: body as unknown as Views[V], cursor };
  }

  /**
   * Reads at most `limit` lines of a log from line `offset`, counted from 0; fewer where the log has no more. The log is told
   * by its id, or by its path, such as `builders/1/builds/2/steps/3/logs/stdio`. With their times, where the master tells.
   */
  async lines(log: number | string, offset: number, limit: number, signal?: AbortSignal): Promise<LogChunk> {
    const path = typeof log === 'number' ? `logs/${log}` : log;
    const times = (await this.#adapt()) ? {} : { times: true };
    return (await this.get('logchunks', `${path}/contents`, { offset, limit, ...times }, signal)).data;
  }

  /** The lines of a log in which a `text`, or what a `regex` matches, is found; only Weir has this. */
  async search(logid: number, query: LogQuery, signal?: AbortSignal): Promise<LogSearch> {
    const path = `logs/${logid}/search`;
    const response = await this.#send(this.address(path, { ...query }), { headers: { Accept: 'application/json' } }, signal);
    if (!response.ok) throw apiError(response, response.body);
    const rows = isObject(response.body) ? response.body['logsearches'] : undefined;
    if (!Array.isArray(rows) || rows[0] === undefined) throw new ApiError(response.status, 'unexpected', `The server's answer for ${path} holds no logsearches.`);
    return rows[0] as LogSearch;
  }

  /** Carries out a command (JSON-RPC 2.0) on a resource and gives its result. */
  async control(path: string, method: string, params: Record<string, unknown> = {}): Promise<unknown> {
    const id = ++this.#lastCommand;
    const response = await this.#send(this.address(path), {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id, method, params }),
    });
    const { body } = response;
    if (isObject(body) && isObject(body['error'])) throw controlError(response.status, body['error']);
    if (!response.ok) throw apiError(response, body);
    return isObject(body) ? body['result'] : undefined;
  }

  /** Forces a build through a force scheduler; gives the ids of the build requests by builder. */
  async force(
    scheduler: string,
    builderid: number,
    values: Record<string, unknown>,
  ): Promise<{ bsid: number; requests: Map<number, number> }> {
    const result = await this.control(`forceschedulers/${encodeURIComponent(scheduler)}`, 'force', { ...values, builderid });
    return buildsetResult(result);
  }

  /** Asks a running build to stop. */
  async stop(buildid: number, reason: string): Promise<void> {
    await this.control(`builds/${buildid}`, 'stop', { reason });
  }

  /** Builds the same sources again; gives the ids of the new build requests by builder. */
  async rebuild(buildid: number): Promise<{ bsid: number; requests: Map<number, number> }> {
    return buildsetResult(await this.control(`builds/${buildid}`, 'rebuild'));
  }

  /** Cancels a build request that waits. */
  async cancel(buildrequestid: number, reason: string): Promise<void> {
    await this.control(`buildrequests/${buildrequestid}`, 'cancel', { reason });
  }

  /** Lets a worker take no new builds, or again. */
  async pauseWorker(workerid: number, paused: boolean, reason = ''): Promise<void> {
    await this.control(`workers/${workerid}`, paused ? 'pause' : 'unpause', { reason });
  }

  /** Lets a worker end once what it builds has ended. */
  async stopWorker(workerid: number, reason = ''): Promise<void> {
    await this.control(`workers/${workerid}`, 'stop', { reason });
  }

  /** Ends a worker at once; what it builds is built again elsewhere. */
  async killWorker(workerid: number, reason = ''): Promise<void> {
    await this.control(`workers/${workerid}`, 'kill', { reason });
  }

  /** Which of the requests that wait for the same worker goes first: the one with the highest number. */
  async prioritize(buildrequestid: number, priority: number): Promise<void> {
    await this.control(`buildrequests/${buildrequestid}`, 'set_priority', { priority });
  }

  /** Turns a scheduler on or off. */
  async enableScheduler(schedulerid: number, enabled: boolean): Promise<void> {
    await this.control(`schedulers/${schedulerid}`, 'enable', { enabled });
  }

  /** Has a dead letter delivered again. */
  async deliverAgain(dead_letterid: number): Promise<void> {
    await this.control(`dead_letters/${dead_letterid}`, 'again');
  }

  /** Forgets a dead letter. */
  async dropDeadLetter(dead_letterid: number): Promise<void> {
    await this.control(`dead_letters/${dead_letterid}`, 'drop');
  }

  /** Has all dead letters of a listener delivered again. */
  async replayDeadLetters(listenerid: number): Promise<void> {
    await this.control(`listeners/${listenerid}`, 'replay');
  }

  /** Forgets a listener that nobody runs, with its place and its dead letters. */
  async forgetListener(listenerid: number): Promise<void> {
    await this.control(`listeners/${listenerid}`, 'forget');
  }

  /** Follows events by topic from the cursor of a read; see `watch`. */
  watch(options: Omit<WatchOptions, 'base' | 'fetch'>): Watch {
    if (this.#adapter) return this.#adapter.watch(options);
    return watch({ ...options, base: this.base, fetch: this.#fetch, token: this.#token });
  }

  /** Ends what is kept open between reads; a later read opens it again. */
  close(): void {
    this.#adapter?.close();
  }

  /** What stands between us and a master that is not Weir's; asked for once, and again where the master was not there. */
  async #adapt(): Promise<Adapter | undefined> {
    if (this.#master === 'weir') return undefined;
    this.#adapting ??= this.#findAdapter().catch((error: unknown) => {
      this.#adapting = undefined;
      throw error;
    });
    return this.#adapting;
  }

  async #findAdapter(): Promise<Adapter | undefined> {
    if (this.#master === 'ask') this.#master = await masterOf((path) => this.#read(`${this.base}${path}`).then(({ body }) => body));
    if (this.#master === 'weir') return undefined;
    // Read only where it is needed: it is no part of the page that Weir's readers load.
    const { Buildbot } = await import('./buildbot/index.ts');
    const read = (path: string, query: Query, signal?: AbortSignal): Promise<Record<string, unknown>> =>
      this.#read(this.address(path, query), signal).then(({ body }) => body);
    this.#adapter = new Buildbot({ base: this.base, fetch: this.#fetch, read });
    this.capabilities = this.#adapter.capabilities;
    this.#onCapabilities(this.capabilities);
    return this.#adapter;
  }

  /** Reads the object at an address, and the cursor at which it is true. */
  async #read(url: string, signal?: AbortSignal): Promise<{ body: Record<string, unknown>; cursor: number | null }> {
    const response = await this.#send(url, { headers: { Accept: 'application/json' } }, signal);
    if (!response.ok) throw apiError(response, response.body);
    if (!isObject(response.body)) throw new ApiError(response.status, 'unexpected', `The server's answer for ${url} is no object.`);
    return { body: response.body, cursor: readCursor(response) };
  }

  async #send(url: string, init: RequestInit & { headers: Record<string, string> }, signal?: AbortSignal): Promise<Reply> {
    const deadline = AbortSignal.timeout(this.#timeout * 1000);
    // Buildbot knows no tokens, and lets no other site send the header.
    const headers = { ...init.headers, ...(this.capabilities.tokens ? authorization(this.#token()) : {}) };
    try {
      const both = signal ? AbortSignal.any([signal, deadline]) : deadline;
      const response = await this.#fetch(url, { ...init, headers, signal: both });
      return { status: response.status, ok: response.ok, headers: response.headers, body: parse(await response.text()) };
    } catch (cause) {
      if (signal?.aborted) throw cause;
      throw new UnreachableError(deadline.aborted ? `gave no answer within ${this.#timeout} s` : 'cannot be reached', cause);
    }
  }
}

function readCursor(response: Reply): number | null {
  const text = response.headers.get('X-Weir-Cursor');
  return text !== null && /^\d+$/.test(text) ? Number(text) : null;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What JSON says; undefined where it is none. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function apiError(response: Reply, body: unknown): ApiError {
  const text = isObject(body) && typeof body['error'] === 'string' ? body['error'] : undefined;
  const code = isObject(body) && typeof body['code'] === 'string' ? body['code'] : 'error';
  return new ApiError(response.status, code, text ?? `The server answered with HTTP ${response.status}.`);
}

function controlError(status: number, error: Record<string, unknown>): ControlError {
  const code = typeof error['code'] === 'number' ? error['code'] : -32603;
  const message = error['message'];
  if (!isObject(message)) return new ControlError(status, code, String(message ?? 'The command failed.'), {});
  const fields = Object.fromEntries(Object.entries(message).map(([name, text]) => [name, String(text)]));
  return new ControlError(status, code, 'Some values are not accepted.', fields);
}

function buildsetResult(result: unknown): { bsid: number; requests: Map<number, number> } {
  const [bsid, requests] = Array.isArray(result) ? (result as unknown[]) : [];
  const pairs = isObject(requests) ? Object.entries(requests) : [];
  return { bsid: Number(bsid), requests: new Map(pairs.map(([builder, request]) => [Number(builder), Number(request)])) };
}
