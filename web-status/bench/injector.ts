import { createServer, request as ask, type IncomingHttpHeaders, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

import { Frames, textFrame } from './frames.ts';
import { Happenings, type Happening } from './happenings.ts';

/** Milliseconds between two handfuls of events. */
const TACT = 20;

/**
 * Stands before a server and passes everything on. Into its streams of events, which are otherwise as they are, it puts events
 * that never were: more in a second than any build master has.
 */
export class Injector {
  /** Events in a second, of those that the page follows. */
  rate = 0;
  /** Events sent so far. */
  sent = 0;
  readonly #target: URL;
  readonly #happenings: Happenings;
  readonly #server: Server;
  readonly #sockets = new Set<Duplex>();
  /** Those who are told of events. */
  readonly #hearers = new Set<(events: Happening[]) => void>();
  readonly #timer: ReturnType<typeof setInterval>;
  #owed = 0;
  #told = performance.now();
  /** Whether the page follows steps. */
  #steps = false;

  private constructor(target: string, happenings: Happenings) {
    this.#target = new URL(target);
    this.#happenings = happenings;
    this.#server = createServer((request, response) => this.#pass(request, response));
    this.#server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    this.#timer = setInterval(() => this.#tell(), TACT);
  }

  static async before(target: string): Promise<Injector> {
    const injector = new Injector(target, await Happenings.like(target));
    await new Promise<void>((resolve) => injector.#server.listen(0, '127.0.0.1', resolve));
    return injector;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #tell(): void {
    const now = performance.now();
    this.#owed += (this.rate * (now - this.#told)) / 1000;
    this.#told = now;
    if (this.#hearers.size === 0) this.#owed = 0;
    const events: Happening[] = [];
    for (; this.#owed >= 1; this.#owed--) events.push(this.#happenings.next(this.#steps));
    if (events.length === 0) return;
    this.sent += events.length;
    for (const hearer of this.#hearers) hearer(events);
  }

  #pass(request: IncomingMessage, response: ServerResponse): void {
    const stream = request.url?.startsWith('/sse/') ?? false;
    const headers = this.#headers(request);
    if (stream) {
      delete headers['accept-encoding'];
      this.#steps = (request.url ?? '').includes('path=steps');
    }
    const passed = ask(new URL(request.url ?? '/', this.#target), { method: request.method ?? 'GET', headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      if (stream && answer.statusCode === 200) this.#sse(answer, response);
      else answer.pipe(response);
    });
    passed.on('error', () => response.destroy());
    response.on('close', () => passed.destroy());
    request.pipe(passed);
  }

  /** As if the page was the server's own. */
  #headers(request: IncomingMessage): IncomingHttpHeaders {
    const { host, origin, referer, ...others } = request.headers;
    void [host, referer];
    return { ...others, host: this.#target.host, ...(origin === undefined ? {} : { origin: this.#target.origin }) };
  }

  /** Whole events of the server, and between them those that never were. */
  #sse(from: IncomingMessage, to: ServerResponse): void {
    let rest = '';
    let cursor = 0;
    from.setEncoding('utf8');
    from.on('data', (text: string) => {
      rest += text;
      const end = rest.lastIndexOf('\n\n') + 2;
      if (end < 2) return;
      const whole = rest.slice(0, end);
      rest = rest.slice(end);
      for (const [, id] of whole.matchAll(/^id: (\d+)$/gm)) cursor = Math.max(cursor, Number(id));
      to.write(whole);
    });
    from.on('end', () => to.end());
    const hearer = (events: Happening[]): void => {
      let text = '';
      for (const { key, message } of events) text += `event: event\nid: ${++cursor}\ndata: ${JSON.stringify({ at_us: Date.now() * 1000, key, message })}\n\n`;
      to.write(text);
    };
    this.#hearers.add(hearer);
    to.on('close', () => this.#hearers.delete(hearer));
  }

  /** The same for a WebSocket. */
  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const up: Socket = connect(Number(this.#target.port), this.#target.hostname, () => {
      // Without compression, so that what is put between is a frame as any other.
      const headers = { ...this.#headers(request), 'sec-websocket-extensions': undefined };
      const lines = Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${String(value)}`]));
      up.write(`GET ${request.url} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
      up.write(head);
      socket.pipe(up);
    });
    const frames = new Frames();
    const hearer = (events: Happening[]): void => {
      for (const { key, message } of events) socket.write(textFrame(JSON.stringify({ k: key.join('/'), m: message })));
    };
    up.on('data', (bytes: Buffer) => {
      const whole = frames.take(bytes);
      if (whole.length > 0) socket.write(whole);
      // From here on there are frames, of which none is begun.
      if (frames.open) this.#hearers.add(hearer);
    });
    this.#sockets.add(up);
    const end = (): void => {
      this.#hearers.delete(hearer);
      this.#sockets.delete(up);
      up.destroy();
      socket.destroy();
    };
    for (const side of [up, socket]) side.on('error', end).on('close', end);
  }
}
