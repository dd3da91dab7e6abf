// @vitest-environment node
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { Client, collection, type Build, type Collection } from '../../client/index.ts';
import { Mock } from '../mock/server.ts';

let mock: Mock;
let client: Client;
const closing: { close(): void }[] = [];
beforeEach(async () => {
  mock = new Mock({ builders: 3 });
  client = new Client({ base: await mock.listen() });
});
afterEach(async () => {
  for (const one of closing.splice(0)) one.close();
  await mock.close();
});

const running = (): Collection<Build> => {
  const made = collection(client, 'builds', { query: { complete: false }, belongs: (build) => !build.complete, group: (build) => build.builderid });
  closing.push(made);
  return made;
};
const begin = (builderid: number): Build => mock.world.start(mock.world.request(builderid, 'x'), 1);

describe('collection', () => {
  it('holds what there is, and what comes and goes', async () => {
    const first = begin(1);
    const builds = running();
    const seen: number[][] = [];
    builds.subscribe((rows) => seen.push(rows.map((build) => build.buildid)));
    expect(seen).toEqual([[]]);
    await vi.waitFor(() => expect(builds.state).toBe('live'));
    expect(builds.phase).toBe('ready');
    expect([...builds].map((build) => build.buildid)).toEqual([first.buildid]);
    const second = begin(2);
    await vi.waitFor(() => expect(builds.in(2)).toHaveLength(1));
    mock.world.finish(first, 0);
    await vi.waitFor(() => expect(builds.rows.map((build) => build.buildid)).toEqual([second.buildid]));
    expect(builds.get(first.buildid)).toBeUndefined();
    expect(seen.at(-1)).toEqual([second.buildid]);
    // The same rows are the same list.
    expect(builds.rows).toBe(builds.rows);
  });
  it('lets go of dead letters that are done with', async () => {
    const letters = collection(client, 'dead_letters');
    closing.push(letters);
    await vi.waitFor(() => expect(letters.state).toBe('live'));
    const letter = mock.world.park(mock.world.listener('mail', 'mail'), begin(1), '404 Not Found');
    await vi.waitFor(() => expect(letters.get(letter.dead_letterid)).toBeDefined());
    mock.world.drop(letter);
    await vi.waitFor(() => expect(letters.rows).toEqual([]));
  });
  it('goes on after its stream was cut, and reads again where its place is forgotten', async () => {
    const builds = running();
    await vi.waitFor(() => expect(builds.state).toBe('live'));
    mock.down = true;
    mock.cut();
    await vi.waitFor(() => expect(builds.state).toBe('reconnecting'));
    const build = begin(3);
    mock.world.forget();
    mock.down = false;
    await vi.waitFor(() => expect(builds.get(build.buildid)).toBeDefined(), 5000);
    expect(builds.error).toBe('');
  });
  it('says what is wrong, and tries again where it may help', async () => {
    mock.down = true;
    const builds = running();
    let told = 0;
    builds.subscribe(() => told++);
    await vi.waitFor(() => expect(builds.trouble).toBe('unreachable'));
    expect(builds.error).toBe('The server cannot be reached.');
    expect(builds.phase).toBe('loading');
    expect(told).toBeGreaterThan(1);
    mock.down = false;
    builds.retry();
    await vi.waitFor(() => expect(builds.phase).toBe('ready'));
    const missing = collection(client, 'builds', { path: 'nowhere' });
    closing.push(missing);
    await vi.waitFor(() => expect(missing.phase).toBe('failed'));
    expect(missing.trouble).toBe('missing');
  });
  it('keeps so many rows, and tells nobody once it is closed', async () => {
    const builders = collection(client, 'builds', { query: { order: '-buildid', limit: 4 }, keep: 4 });
    await vi.waitFor(() => expect(builders.state).toBe('live'));
    const ids = (): number[] => builders.rows.map((build) => build.buildid);
    const before = ids();
    expect(before).toHaveLength(4);
    begin(1);
    await vi.waitFor(() => expect(ids()).toEqual([...before.slice(1), (before.at(-1) ?? 0) + 1]));
    const heard = vi.fn();
    builders.subscribe(heard);
    builders.close();
    begin(2);
    expect(heard).toHaveBeenCalledTimes(1);
  });
});
