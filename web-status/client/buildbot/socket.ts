import type { Dial, Hooks, Link } from './link.ts';

/** Opens the socket at an address; in the place of the global `WebSocket`. */
export type OpenSocket = (url: string) => WebSocket;

/** A way to Buildbot's `/ws`. */
export function socketDial(base: string, open: OpenSocket): Dial {
  const url = `${base.replace(/^http/, 'ws')}ws`;
  return (hooks) =>
    new Promise((resolve, reject) => {
      const socket = open(url);
      socket.onclose = () => reject(new Error('The socket could not be opened.'));
      socket.onopen = () => resolve(new SocketLink(socket, hooks));
    });
}

/** A frame from the server: an answer has a `code`, an event none. */
interface Frame {
  k?: string;
  m?: Record<string, unknown>;
  code?: number;
  error?: string;
  _id?: number | null;
}

class SocketLink implements Link {
  readonly #socket: WebSocket;
  readonly #hooks: Hooks;
  readonly #waiting = new Map<number, { done: () => void; failed: (why: Error) => void }>();
  #id = 0;
  #closed = false;

  constructor(socket: WebSocket, hooks: Hooks) {
    this.#socket = socket;
    this.#hooks = hooks;
    socket.onclose = () => this.#gone();
    socket.onmessage = (event: MessageEvent<unknown>) => this.#take(String(event.data));
  }

  start(topic: string): Promise<void> {
    return this.#send('startConsuming', topic);
  }

  stop(topic: string): void {
    this.#send('stopConsuming', topic).catch(() => undefined);
  }

  ping(): Promise<void> {
    return this.#send('ping');
  }

  close(): void {
    this.#closed = true;
    this.#fail();
    this.#socket.close();
  }

  /** The socket is no longer there. */
  #gone(): void {
    this.#fail();
    if (!this.#closed) this.#hooks.ended();
    this.#closed = true;
  }

  #fail(): void {
    for (const { failed } of this.#waiting.values()) failed(new Error('The socket was closed.'));
    this.#waiting.clear();
  }

  #send(cmd: string, path?: string): Promise<void> {
    const _id = ++this.#id;
    return new Promise((done, failed) => {
      if (this.#closed) return failed(new Error('The socket was closed.'));
      this.#waiting.set(_id, { done, failed });
      this.#socket.send(JSON.stringify({ cmd, _id, ...(path === undefined ? {} : { path }) }));
    });
  }

  #take(text: string): void {
    let frame: Frame;
    try {
      frame = JSON.parse(text) as Frame;
    } catch {
      return;
    }
    if (typeof frame.k === 'string' && frame.code === undefined) {
      if (!this.#closed) this.#hooks.told({ key: frame.k.split('/'), message: frame.m ?? {} });
      return;
    }
    const asked = this.#waiting.get(frame._id ?? 0);
    if (!asked) return;
    this.#waiting.delete(frame._id ?? 0);
    if (frame.code === 200) asked.done();
    else asked.failed(new Error(frame.error ?? 'The command was refused.'));
  }
}
