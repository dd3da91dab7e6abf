import { SseParser, type SseEvent } from '../sse.ts';
import type { Dial, Hooks, Link } from './link.ts';

/** A way to Buildbot's `/sse`, where nothing lets a socket through. It works from the site's own origin alone. */
export function streamDial(base: string, send: typeof fetch): Dial {
  return async (hooks) => {
    const stop = new AbortController();
    const response = await send(`${base}sse/listen`, { headers: { Accept: 'text/event-stream' }, cache: 'no-store', signal: stop.signal });
    if (!response.ok || !response.body) {
      stop.abort();
      throw new Error(`The event stream was refused with HTTP ${response.status}.`);
    }
    const link = new StreamLink(base, send, stop, hooks);
    void link.run(response.body);
    await link.greeted;
    return link;
  };
}

class StreamLink implements Link {
  /** Resolves once the server has told the stream's name. */
  readonly greeted: Promise<void>;
  readonly #base: string;
  readonly #send: typeof fetch;
  readonly #stop: AbortController;
  readonly #hooks: Hooks;
  #greet: (name: string) => void = () => undefined;
  #fail: (why: Error) => void = () => undefined;
  #name = '';

  constructor(base: string, send: typeof fetch, stop: AbortController, hooks: Hooks) {
    this.#base = base;
    this.#send = send;
    this.#stop = stop;
    this.#hooks = hooks;
    this.greeted = new Promise((resolve, reject) => {
      this.#fail = reject;
      this.#greet = (name) => {
        this.#name = name;
        resolve();
      };
    });
  }

  /** Reads the stream to its end. */
  async run(body: ReadableStream<Uint8Array>): Promise<void> {
    const parser = new SseParser();
    const decoder = new TextDecoder();
    const reader = body.getReader();
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        for (const event of parser.push(decoder.decode(value, { stream: true }))) this.#take(event);
      }
    } catch {
      // It ends either way.
    }
    this.#fail(new Error('The event stream ended.'));
    if (!this.#stop.signal.aborted) this.#hooks.ended();
  }

  async start(topic: string): Promise<void> {
    // Buildbot 4.3 adds the topic and then ends its answer in an error page: its status is that of neither.
    await this.#ask(`add/${this.#name}/${topic}`);
  }

  stop(topic: string): void {
    this.#ask(`remove/${this.#name}/${topic}`).catch(() => undefined);
  }

  async ping(): Promise<void> {
    // A topic that is not followed: 404 for a stream that is there, 400 for one that is not.
    const status = await this.#ask(`remove/${this.#name}/nothing`);
    if (status === 400) throw new Error('The server has forgotten the stream.');
  }

  close(): void {
    this.#stop.abort();
  }

  async #ask(path: string): Promise<number> {
    const response = await this.#send(`${this.#base}sse/${path}`, { cache: 'no-store', signal: this.#stop.signal });
    const text = await response.text();
    if (response.status === 400 || text.startsWith('unknown uuid')) throw new Error('The server has forgotten the stream.');
    return response.status;
  }

  #take(event: SseEvent): void {
    if (event.event === 'handshake') return this.#greet(event.data);
    if (event.event !== 'event') return;
    try {
      const { key, message } = JSON.parse(event.data) as { key: string[]; message: Record<string, unknown> | null };
      this.#hooks.told({ key, message: message ?? {} });
    } catch {
      // Not an event of ours.
    }
  }
}
