import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { brokenOf } from '../../client/buildbot/views/home.ts';
import { Client } from '../../client/index.ts';
import { HomeTables } from '../../src/lib/home.svelte.ts';
import { read } from '../mock/api.ts';
import { seed } from '../mock/seed.ts';
import type { World } from '../mock/world.ts';

let world: World;
let asked: string[];
let home: HomeTables;
const abort = new AbortController();

/** A client of a world. */
function client(): Client {
  const answer = (input: RequestInfo | URL): Promise<Response> => {
    const url = new URL(String(input));
    const path = url.pathname.replace('/api/v2/', '');
    asked.push(path);
    const given = read(world, path, url.searchParams);
    if (!given) return Promise.resolve(new Response('{"error":"Invalid path"}', { status: 404 }));
    const body = 'body' in given ? given.body : 'key' in given ? { [given.key]: given.rows } : {};
    return Promise.resolve(new Response(JSON.stringify(body), { headers: { 'X-Weir-Cursor': String(world.cursor) } }));
  };
  return new Client({ base: 'http://mock/', fetch: answer });
}
/** Hands on what has happened since a cursor. */
function tell(since: number): number {
  for (const { id, topics, message } of world.events) if (id > since) home.event({ id, key: topics[0] ?? [], message: structuredClone(message) });
  return world.cursor;
}

beforeEach(() => {
  vi.useFakeTimers();
  world = seed(5);
  asked = [];
  home = new HomeTables(client());
});
afterEach(() => vi.useRealTimers());

describe('what runs, waits and is broken', () => {
  it('is carried on by events to what a new reading would show', async () => {
    let at = await home.read(abort.signal);
    const before = home.broken.size;
    const good = world.builders.find(({ builderid }) => !home.broken.has(builderid))?.builderid ?? 1;
    const request = world.request(good, 'x');
    at = tell(at);
    expect(home.requests.get(request.buildrequestid)).toBeDefined();
    const build = world.start(request, 1);
    const step = world.step(build, 'compile');
    at = tell(at);
    expect(home.requests.size).toBe(0);
    expect(home.running.get(build.buildid)?.number).toBe(build.number);
    expect(home.steps.get(build.buildid)?.name).toBe('compile');
    world.finishStep(step, 2, 'failed');
    world.finish(build, 2);
    at = tell(at);
    expect(home.running.size).toBe(0);
    expect(home.recent.get(build.buildid)?.results).toBe(2);
    expect(home.broken.size).toBe(before + 1);
    expect(home.broken.get(good)?.since[1]).toBe(build.number);
    const again = world.start(world.request(good, 'x'), 1);
    world.finish(again, 0);
    tell(at);
    expect(home.broken.has(good)).toBe(false);
  });
  it('asks for what events do not tell, once for many events, and only for what they are about', async () => {
    const at = await home.read(abort.signal);
    asked = [];
    const builds = [1, 2, 3].map((builder) => world.start(world.request(builder, 'x'), 1));
    tell(at);
    expect(asked).toEqual([]);
    await vi.advanceTimersByTimeAsync(600);
    expect(asked).toEqual(['views/home']);
    expect(builds.map(({ buildid }) => home.expected.has(buildid))).toEqual([true, true, true]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked).toEqual(['views/home']);
  });
  it('reads why a request waits, and again when its worker changes', async () => {
    let at = await home.read(abort.signal);
    const { buildrequestid } = world.request(2, 'x');
    at = tell(at);
    await vi.advanceTimersByTimeAsync(600);
    expect(home.reasons.get(buildrequestid)).toBe('ready');
    const worker = world.workers[0];
    if (!worker) throw new Error('There is no worker.');
    worker.paused = true;
    world.workerChanged(worker, 'state_updated');
    tell(at);
    await vi.advanceTimersByTimeAsync(4000);
    expect(home.reasons.get(buildrequestid)).toBe('paused');
  });
});

it('is told of Buildbot’s last builds which builders are broken, as Weir’s own view tells it', async () => {
  await home.read(abort.signal);
  const served = [...home.broken.values()].map(({ builderid, last, since, last_good_buildid }) => [builderid, last[0], since[0], last_good_buildid]);
  const told = brokenOf(world.builders, world.builds).map(({ builderid, last, since, last_good_buildid }) => [builderid, last[0], since[0], last_good_buildid]);
  expect(told.sort()).toEqual(served.sort());
  expect(served.length).toBeGreaterThan(0);
});
