import { beforeEach, describe, expect, it, vi } from 'vitest';

import type { Build, Client, Watch, WatchEvent, WatchOptions } from '../../client/index.ts';
import { listenBeside, withBeside } from '../../src/lib/beside.ts';
import { choose, reset } from '../../src/lib/settings.svelte.ts';
import { parseItems, Watched, type End } from '../../src/lib/watched.svelte.ts';

const build = (buildid: number, more: Partial<Build> = {}): Build => ({
  buildid, number: buildid, builderid: 3, buildrequestid: null, workerid: 1, masterid: 1, started_at: 1, complete: false, complete_at: null,
  locks_duration_s: 0, results: null, state_string: '', properties: {}, ...more,
});
const finished = (id: number, results: Build['results'], more: Partial<Build> = {}): WatchEvent => ({
  id, key: ['builds', '7', 'finished'], message: build(7, { complete: true, complete_at: 2, results, ...more }),
});
const builder = { builderid: 3, name: 'linux' };

/** A client whose reads give `rows`, and whose streams the test drives. */
function fake(rows: Build[] = []): { client: Client; streams: (Omit<WatchOptions, 'base'> & { at: number })[]; lists: ReturnType<typeof vi.fn> } {
  const streams: (Omit<WatchOptions, 'base'> & { at: number })[] = [];
  const lists = vi.fn(() => Promise.resolve({ data: rows, cursor: 100 }));
  const watch = (options: Omit<WatchOptions, 'base'>): Watch => {
    const stream = { ...options, at: options.since };
    streams.push(stream);
    return {
      get cursor() {
        return stream.at;
      },
      setPatterns: (patterns) => void (stream.patterns = patterns),
      pause: () => undefined,
      retry: () => undefined,
      close: () => undefined,
    };
  };
  return { client: { base: 'http://m/', list: lists, watch } as unknown as Client, streams, lists };
}

beforeEach(() => {
  localStorage.clear();
  reset();
});

describe('what is watched', () => {
  it('is kept, as far as it makes sense', () => {
    const { client } = fake();
    const watched = new Watched(client);
    watched.toggle(builder);
    watched.toggle({ ...builder, build: { buildid: 7, number: 2 } });
    expect(new Watched(client).items).toEqual([builder, { ...builder, build: { buildid: 7, number: 2 } }]);
    expect(watched.patterns()).toEqual(['builders/3/builds/*/*', 'builds/7/*']);
    watched.toggle(builder);
    expect(watched.has(builder)).toBe(false);
    for (const text of ['', 'x', '{}', '[1,null,{"builderid":"3"},{"builderid":3,"name":"a","build":{}}]']) expect(parseItems(text)).toEqual([]);
  });
  it('tells each end once, as the settings want it, and drops a single build that has ended', () => {
    const { client } = fake();
    const watched = new Watched(client);
    const told: End[] = [];
    watched.tell = (end) => told.push(end);
    watched.toggle(builder);
    watched.toggle({ ...builder, build: { buildid: 7, number: 7 } });
    watched.event({ id: 101, key: ['builds', '7', 'new'], message: build(7) });
    expect([watched.statusOf(builder), watched.worst]).toEqual(['running', 'running']);
    watched.event(finished(102, 2));
    watched.event(finished(102, 2));
    expect(told.map(({ name, status }) => [name, status])).toEqual([['linux', 'failure']]);
    expect(watched.items).toEqual([builder]);
    expect(watched.worst).toBe('failure');
    choose('notify', 'bad');
    watched.event(finished(103, 0, { buildid: 8 }));
    watched.event(finished(104, 0, { buildid: 9, builderid: 4 }));
    watched.event({ id: 105, key: ['steps', '1', 'finished'], message: {} });
    expect(told.length).toBe(1);
    watched.seen();
    expect(watched.worst).toBe('success');
  });
  it('learns of what ended while nobody heard, from one bounded question for each kind', async () => {
    const rows = [build(7)];
    const { client, lists } = fake(rows);
    const watched = new Watched(client);
    const told: End[] = [];
    watched.tell = (end) => told.push(end);
    watched.toggle(builder);
    await vi.waitFor(() => expect(watched.cursor).toBe(100));
    rows[0] = build(7, { complete: true, results: 0 });
    watched.cursor = undefined;
    lists.mockImplementation(() => Promise.resolve({ data: rows, cursor: 110 }));
    watched.opened();
    await vi.waitFor(() => expect(told.length).toBe(1));
    expect(watched.cursor).toBe(110);
    expect(lists).toHaveBeenCalledTimes(2);
  });
});

describe('a stream that is shared', () => {
  const open = (client: Client, seen: string[], patterns: string[], since: number): Watch =>
    withBeside(client).watch({ patterns, since, onEvent: ({ id, key }) => void seen.push(`${id} ${key.join('/')}`), onExpired: () => undefined });

  it('goes on from view to view without a gap, and tells a view only what is its own', async () => {
    const { client, streams } = fake();
    const watched = new Watched(client);
    const told: End[] = [];
    watched.tell = (end) => told.push(end);
    const end = listenBeside(watched);
    watched.toggle(builder);
    await vi.waitFor(() => expect(watched.cursor).toBe(100));
    const seen: string[] = [];
    const first = open(client, seen, ['workers/*/*'], 120);
    expect([streams[0]?.patterns, streams[0]?.since]).toEqual([['workers/*/*', 'builders/3/builds/*/*'], 100]);
    // What the view has read already, but nobody had told of what is watched.
    streams[0]?.onEvent({ id: 110, key: ['builds', '5', 'finished'], message: build(5, { complete: true, results: 2 }) });
    streams[0]?.onEvent({ id: 121, key: ['workers', '1', 'connected'], message: {} });
    if (streams[0]) streams[0].at = 130;
    first.close();
    expect(seen).toEqual(['121 workers/1/connected']);
    expect(told.map(({ build: { buildid } }) => buildid)).toEqual([5]);
    // A view that follows the same build under another of its topics.
    open(client, seen, ['workers/1/builds/*/*'], 140);
    expect(streams[1]?.since).toBe(130);
    streams[1]?.onEvent({ id: 141, key: ['builders', '3', 'builds', '7', 'finished'], message: build(7, { complete: true, results: 0 }) });
    expect(seen.at(-1)).toBe('141 workers/1/builds/7/finished');
    expect(told.length).toBe(2);
    streams[1]?.onExpired();
    expect(watched.cursor).toBeUndefined();
    end();
  });
  it('is the view\'s alone while nothing is watched', () => {
    const { client, streams } = fake();
    const end = listenBeside(new Watched(client));
    const seen: string[] = [];
    open(client, seen, ['builds/*/*'], 50);
    expect([streams[0]?.patterns, streams[0]?.since]).toEqual([['builds/*/*'], 50]);
    streams[0]?.onEvent({ id: 51, key: ['builds', '1', 'new'], message: build(1) });
    expect(seen).toEqual(['51 builds/1/new']);
    end();
  });
});
