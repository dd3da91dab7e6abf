// @vitest-environment node
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { Client, type ApiError, type WatchEvent, type WatchState } from '../../client/index.ts';
import { Mock } from '../mock/server.ts';

const timing = { first: 5, longest: 20, silence: 5000 };
let mock: Mock;
let client: Client;
const closing: (() => void)[] = [];

beforeEach(async () => {
  mock = new Mock({ builders: 2 });
  client = new Client({ base: await mock.listen() });
});
afterEach(async () => {
  for (const close of closing.splice(0)) close();
  await mock.close();
});

/** Watches from here on; gives what comes. */
function watch(patterns: string[], since = mock.world.cursor): ReturnType<Client['watch']> & { got: WatchEvent[]; states: WatchState[]; expired: () => number } {
  const got: WatchEvent[] = [];
  const states: WatchState[] = [];
  let expired = 0;
  const one = client.watch({ patterns, since, timing, onEvent: (event) => got.push(event), onState: (state) => states.push(state), onExpired: () => expired++ });
  closing.push(() => one.close());
  return Object.assign(one, { got, states, expired: () => expired });
}
const names = (got: WatchEvent[]): string[] => got.map((event) => (event.message as { name: string }).name);
/** Adds a worker, which is an event. */
const happen = (name: string): void => mock.world.workerChanged(mock.world.worker(name, []), 'connected');

describe('watch', () => {
  it('gives the events after its cursor that match, each once and in order', async () => {
    const since = mock.world.cursor;
    happen('a');
    mock.world.change('x', 'not asked for', []);
    const one = watch(['workers/*/*', 'workers/4/*'], since);
    await vi.waitFor(() => expect(names(one.got)).toEqual(['a']));
    happen('ü–日本');
    await vi.waitFor(() => expect(names(one.got)).toEqual(['a', 'ü–日本']));
    expect(one.got[0]?.key).toEqual(['workers', '4', 'connected']);
    expect(one.cursor).toBe(mock.world.cursor);
    expect(one.states).toEqual(['reconnecting', 'live']);
  });
  it('misses nothing and repeats nothing across cuts and a server that is away', async () => {
    const one = watch(['workers/*/*']);
    const wanted: string[] = [];
    for (let round = 0; round < 30; round++) {
      for (let i = 0; i < 5; i++) {
        wanted.push(`w${round}.${i}`);
        happen(`w${round}.${i}`);
      }
      if (round % 3 === 0) mock.cut();
      mock.down = round % 7 === 0;
      await new Promise((resolve) => setTimeout(resolve, 4));
    }
    mock.down = false;
    await vi.waitFor(() => expect(one.got.length).toBe(wanted.length), 5000);
    expect(names(one.got)).toEqual(wanted);
    expect(one.states).toContain('reconnecting');
    expect(mock.asked.length).toBeGreaterThan(3);
  });
  it('goes on without a gap when other topics are wanted', async () => {
    const one = watch(['changes/*/*']);
    await vi.waitFor(() => expect(one.states).toContain('live'));
    mock.world.change('x', 'c', []);
    await vi.waitFor(() => expect(one.got).toHaveLength(1));
    happen('before');
    one.setPatterns(['workers/*/*', 'changes/*/*']);
    happen('after');
    await vi.waitFor(() => expect(one.got).toHaveLength(3));
    expect(names(one.got.slice(1))).toEqual(['before', 'after']);
  });
  it('does not open the stream again for the same topics', async () => {
    const one = watch(['workers/*/*']);
    await vi.waitFor(() => expect(one.states).toContain('live'));
    one.setPatterns(['workers/*/*']);
    happen('a');
    await vi.waitFor(() => expect(one.got).toHaveLength(1));
    expect(mock.asked).toHaveLength(1);
  });
  it('says that the cursor has expired, once, and ends', async () => {
    const since = mock.world.cursor;
    happen('a');
    mock.world.forget();
    const one = watch(['workers/*/*'], since);
    await vi.waitFor(() => expect(one.expired()).toBe(1));
    happen('b');
    one.retry();
    expect(one.got).toEqual([]);
  });
  it('is quiet while it is paused, and catches up', async () => {
    const one = watch(['workers/*/*']);
    await vi.waitFor(() => expect(one.states).toContain('live'));
    one.pause(true);
    expect(one.states.at(-1)).toBe('paused');
    happen('a');
    one.pause(false);
    await vi.waitFor(() => expect(names(one.got)).toEqual(['a']));
  });
  it('gives nothing after it was closed', async () => {
    const one = watch(['workers/*/*']);
    await vi.waitFor(() => expect(one.states).toContain('live'));
    one.close();
    happen('a');
    const two = watch(['workers/*/*'], mock.world.cursor - 1);
    await vi.waitFor(() => expect(two.got).toHaveLength(1));
    expect(one.got).toEqual([]);
  });
});

/** A stream of these pieces, which stays open. */
function stream(...pieces: Uint8Array[]): Response {
  const body = new ReadableStream<Uint8Array>({ start: (to) => pieces.forEach((piece) => to.enqueue(piece)) });
  return new Response(body, { headers: { 'Content-Type': 'text/event-stream' } });
}
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('watch, over a stream of the test', () => {
  const options = { patterns: ['a/*'], since: 1, timing, onExpired: () => undefined };
  it('joins letters that are cut between two pieces', async () => {
    const bytes = utf8('id: 2\nevent: event\ndata: {"key":["a"],"message":"日本ü"}\n\n');
    const pieces = Array.from(bytes, (byte) => Uint8Array.of(byte));
    const got = await new Promise<WatchEvent>((onEvent) => {
      const one = new Client({ base: 'http://x/', fetch: () => Promise.resolve(stream(...pieces)) }).watch({ ...options, onEvent });
      closing.push(() => one.close());
    });
    expect(got).toEqual({ id: 2, key: ['a'], message: '日本ü' });
  });
  it('moves its cursor with bookmarks and passes over what it has seen', async () => {
    const asked: string[] = [];
    const event = (id: number): string => `id: ${id}\nevent: event\ndata: {"key":["a"],"message":${id}}\n\n`;
    const answers = [`${event(1)}${event(3)}id: 9\nevent: bookmark\ndata: {}\n\n`, `${event(8)}${event(10)}`];
    const got: unknown[] = [];
    const fetch = (url: RequestInfo | URL): Promise<Response> => {
      asked.push(String(url));
      const text = answers.shift();
      return text === undefined ? new Promise(() => undefined) : Promise.resolve(new Response(text));
    };
    const one = new Client({ base: 'http://x/', fetch }).watch({ ...options, onEvent: ({ message }) => got.push(message) });
    closing.push(() => one.close());
    await vi.waitFor(() => expect(asked).toHaveLength(3));
    expect(got).toEqual([3, 10]);
    expect(asked.map((url) => new URL(url).searchParams.get('since'))).toEqual(['1', '9', '10']);
  });
  it('waits longer and longer for a server that greets and hangs up', async () => {
    const waits = vi.spyOn(globalThis, 'setTimeout');
    const greet = 'event: handshake\ndata: x\n\nevent: error\ndata: {"error":"no"}\n\n';
    const slower = { first: 2, longest: 16, silence: 5000 };
    const server = new Client({ base: 'http://x/', fetch: () => Promise.resolve(new Response(greet)) });
    const one = server.watch({ ...options, timing: slower, random: () => 1, onEvent: () => undefined });
    closing.push(() => one.close(), () => waits.mockRestore());
    const pauses = (): unknown[] => waits.mock.calls.map(([, wait]) => wait).filter((wait) => [2, 4, 8, 16].includes(Number(wait)));
    await vi.waitFor(() => expect(pauses().slice(0, 5)).toEqual([2, 4, 8, 16, 16]), 5000);
  });
  it('drops a stream that is silent for too long', async () => {
    let asked = 0;
    const fetch = (_: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
      asked++;
      return new Promise((_resolve, reject) => init?.signal?.addEventListener('abort', () => reject(new Error('aborted'))));
    };
    const quick = { ...timing, silence: 20 };
    const one = new Client({ base: 'http://x/', fetch }).watch({ ...options, timing: quick, onEvent: () => undefined });
    closing.push(() => one.close());
    await vi.waitFor(() => expect(asked).toBeGreaterThan(2));
  });
  it('is told why it is refused, and sends its token', async () => {
    let sent: string | null = null;
    const fetch = (_: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
      sent = new Headers(init?.headers).get('Authorization');
      return Promise.resolve(new Response('{"error":"who are you?"}', { status: 403 }));
    };
    const error = await new Promise<ApiError>((onRefused) => {
      new Client({ base: 'http://x/', fetch, token: () => 'secret' }).watch({ ...options, onEvent: () => undefined, onRefused });
    });
    expect(error.message).toBe('who are you?');
    expect(sent).toBe('Bearer secret');
  });
});
