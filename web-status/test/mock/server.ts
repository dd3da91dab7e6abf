import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';

import { BadQuery, control, read } from './api.ts';
import { People } from './people.ts';
import { Runner, seed } from './seed.ts';
import { view } from './views.ts';
import type { MockEvent, World } from './world.ts';

export interface MockOptions {
  builders?: number;
  /** Where control needs it. */
  token?: string;
  /** Names and passwords of those who can sign in, and then control. */
  people?: Record<string, string>;
  /** Milliseconds between two lines of a build; 0: builds wait until the test runs them. */
  pace?: number;
  /** Path before everything, such as `/ci`. */
  prefix?: string;
  /** The time of its world, in UTC seconds; the clock's where it is not given. */
  now?: number;
  /** Folder of static files. */
  files?: string;
  /** Origins whose pages may use the API. */
  allowed?: readonly string[];
}

const TYPES: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.json': 'application/json' };

/** A server with the JSON and SSE contract of a build master, over a made-up world. */
export class Mock {
  readonly world: World;
  readonly #options: MockOptions;
  readonly #runner: Runner;
  readonly #streams = new Set<ServerResponse>();
  readonly #server: Server;
  readonly people: People;
  /** Streams are refused while this is set, as by a server that restarts. */
  down = false;
  /** The paths that were read. */
  readonly reads: string[] = [];
  /** All streams that were asked for: their patterns and where they began. */
  readonly asked: { patterns: string[]; since: number }[] = [];

  constructor(options: MockOptions = {}) {
    this.#options = options;
    this.people = new People(options.people ?? {});
    this.world = seed(options.builders ?? 12, options.now);
    this.#runner = new Runner(this.world, options.pace ?? 0);
    this.#server = createServer((request, response) => void this.handle(request, response, () => this.#file(request, response)));
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}${this.#options.prefix ?? ''}/`;
  }

  async close(): Promise<void> {
    this.#runner.close();
    this.cut();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Sees a change and builds it on one of the first builders. */
  commit(): void {
    const change = this.world.change('Ada Kern <ada@example.org>', 'Tell how full the tank is', ['src/tank.c']);
    const request = this.world.request(1 + (change.changeid % 3), 'A change on branch main', [change]);
    void this.#runner.run(request.buildrequestid);
  }

  /** Cuts all streams in the middle. */
  cut(): void {
    for (const stream of this.#streams) stream.destroy();
    this.#streams.clear();
  }

  /** Answers what belongs to the API; gives the rest to `other`. */
  async handle(request: IncomingMessage, response: ServerResponse, other: () => Promise<void> | void): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://mock');
    const prefix = this.#options.prefix ?? '';
    const path = url.pathname.startsWith(prefix) ? url.pathname.slice(prefix.length) : '';
    if (this.#shared(request, response)) return;
    const gone = this.people.of(request) === null && !path.startsWith('/auth/') && /^\/(config|api|sse)/.test(path);
    if (gone) return json(response, 401, { error: 'this session has ended', code: 'unauthenticated' });
    if (path === '/config') return json(response, 200, { title: 'Pump works', versions: [['Weir', '0.1.0']], ...this.people.config(request) });
    if (path.startsWith('/auth/')) return this.people.handle(path, request, response);
    if (!path.startsWith('/api/v2/') && !path.startsWith('/sse/listen')) return other();
    if (this.down) return void request.destroy();
    if (path.startsWith('/sse/')) return this.#stream(path.slice('/sse/listen'.length + 1), url.searchParams, request, response);
    if (request.method === 'POST') return this.#control(path.slice('/api/v2/'.length), request, response);
    this.#read(path.slice('/api/v2/'.length), url.searchParams, response);
  }

  /** Lets pages of other origins in, as far as they are allowed; true where that was all that was asked. */
  #shared({ method, headers }: IncomingMessage, response: ServerResponse): boolean {
    if (headers.origin === undefined || !this.#options.allowed?.includes(headers.origin)) return false;
    response.setHeader('Access-Control-Allow-Origin', headers.origin);
    response.setHeader('Access-Control-Expose-Headers', 'X-Weir-Cursor');
    if (method !== 'OPTIONS') return false;
    response.setHeader('Access-Control-Allow-Headers', 'Authorization, Content-Type, Last-Event-ID');
    response.setHeader('Access-Control-Allow-Methods', 'GET, HEAD, POST');
    response.writeHead(204).end();
    return true;
  }

  #read(path: string, query: URLSearchParams, response: ServerResponse): void {
    this.reads.push(path);
    try {
      const seen = path.startsWith('views/') ? view(this.world, path.slice('views/'.length), query) : undefined;
      if (seen) {
        response.setHeader('X-Weir-Cursor', String(this.world.cursor));
        return json(response, 200, seen);
      }
      const given = read(this.world, path, query);
      response.setHeader('X-Weir-Cursor', String(this.world.cursor));
      if (!given) return json(response, 404, { error: `Invalid path: ${path}` });
      if ('text' in given) return void response.writeHead(200, { 'Content-Type': 'text/plain; charset=utf-8' }).end(given.text);
      if ('body' in given) return json(response, 200, given.body);
      json(response, 200, { [given.key]: given.rows, meta: { total: given.rows.length } });
    } catch (error) {
      json(response, error instanceof BadQuery ? 400 : 500, { error: String(error) });
    }
  }

  async #control(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const piece of request) text += String(piece);
    const { id, method, params } = JSON.parse(text) as { id: number; method: string; params: Record<string, unknown> };
    const { token, pace } = this.#options;
    if (token !== undefined && request.headers.authorization !== `Bearer ${token}` && !this.people.of(request)) {
      return json(response, 403, { jsonrpc: '2.0', id, error: { code: -32600, message: 'anonymous may not control builds' } });
    }
    const idle = { run: () => Promise.resolve(), stop: (buildid: number) => this.#runner.stop(buildid) };
    const done = control(this.world, pace ? this.#runner : idle, path, method, params);
    json(response, done.status, { jsonrpc: '2.0', id, ...(done.error ? { error: done.error } : { result: done.result }) });
  }

  #stream(path: string, query: URLSearchParams, request: IncomingMessage, response: ServerResponse): void {
    const patterns = [...query.getAll('path'), ...(path === '' ? [] : [path])];
    const since = Number(request.headers['last-event-id'] ?? query.get('since') ?? this.world.cursor);
    this.asked.push({ patterns, since });
    if (since < this.world.oldest) return json(response, 410, { error: 'The cursor has expired: read again.', code: 'cursor_expired' });
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' });
    response.write(`event: handshake\ndata: ${randomUUID()}\n\n`);
    this.#streams.add(response);
    let at = since;
    const send = (): void => {
      for (const event of after(this.world.events, at)) {
        at = event.id;
        const topic = event.topics.find((words) => patterns.some((pattern) => fits(pattern, words)));
        if (topic) response.write(`id: ${at}\nevent: event\ndata: ${JSON.stringify({ key: topic, message: event.message })}\n\n`);
      }
    };
    const bookmark = setInterval(() => response.write(`id: ${at}\nevent: bookmark\ndata: {}\n\n`), 5000);
    const deaf = this.world.hear(send);
    response.on('close', () => {
      clearInterval(bookmark);
      deaf();
      this.#streams.delete(response);
    });
    send();
  }

  async #file(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const prefix = this.#options.prefix ?? '';
    const { pathname } = new URL(request.url ?? '/', 'http://mock');
    const name = normalize(pathname.slice(prefix.length)).replace(/\/$/, '/index.html');
    try {
      if (!this.#options.files || !pathname.startsWith(`${prefix}/`)) throw new Error('outside');
      const content = await readFile(join(this.#options.files, name));
      response.writeHead(200, { 'Content-Type': TYPES[extname(name)] ?? 'application/octet-stream' }).end(content);
    } catch {
      response.writeHead(404).end();
    }
  }
}

function after(events: MockEvent[], at: number): MockEvent[] {
  const first = events[0];
  return first ? events.slice(Math.max(0, at - first.id + 1)) : [];
}

function fits(pattern: string, topic: string[]): boolean {
  const words = pattern.split('/');
  return words.length === topic.length && words.every((word, i) => word === '*' || word === topic[i]);
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json; charset=utf-8' }).end(JSON.stringify(body));
}
