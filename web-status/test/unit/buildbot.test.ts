// @vitest-environment node
import { describe, expect, it, vi } from 'vitest';

import { FakeBuildbot } from './buildbotmaster.ts';

const keys = (got: { key: string[] }[]): string[] => got.map((event) => event.key.join('/'));
const numbers = (got: { id: number }[]): number[] => got.map((event) => event.id);

/** A master whose builds were read, and the cursor of that. */
async function read(master = new FakeBuildbot()): Promise<{ master: FakeBuildbot; cursor: number }> {
  master.rows = { builds: [{ buildid: 1, started_at: 7, complete_at: null }], steps: [], changes: [], builders: [{ builderid: 1, name: 'a', masterids: [1] }] };
  const { cursor } = await master.client.list('builds', 'builds', {});
  return { master, cursor: cursor ?? -1 };
}

describe('following a Buildbot master', () => {
  it('consumes a topic, waits for the answer, and only then reads', async () => {
    const master = new FakeBuildbot();
    master.reading = () => expect(master.sockets[0]?.topics).toContain('builds/*/*');
    await read(master);
    expect(master.asked).toEqual(['builds?limit=10000']);
    expect(master.commands).toEqual(['startConsuming builds/*/*']);
  });
  it('misses nothing between the read and the watch, and repeats nothing', async () => {
    const { master, cursor } = await read();
    master.build(2, 'update', { state_string: 'starting' });
    const one = master.watch(['builds/*/*'], cursor);
    master.build(2, 'new');
    master.build(2, 'finished', { complete: true });
    // A build's update comes before its new: both are told, with the resource after each.
    expect(keys(one.got)).toEqual(['builds/2/update', 'builds/2/new', 'builds/2/finished']);
    expect(numbers(one.got)).toEqual([cursor + 1, cursor + 2, cursor + 3]);
    expect(one.got[0]?.message).toMatchObject({ state_string: 'starting', started_at_us: 10_000_000 });
    expect(one.states).toEqual(['reconnecting', 'live']);
    expect(one.cursor).toBe(cursor + 3);
  });
  it('tells events under the names that are asked for, by the exact number of words', async () => {
    const { master, cursor } = await read();
    await master.client.list('steps', 'builds/1/steps', {});
    const patterns = [['builders/1/builds/*/*'], ['workers/2/builds/*/*'], ['builders/9/builds/*/*', 'builds/*'], ['builds/3/*', 'builders/*/builds/*/*'], ['builds/3/steps/*/*', 'steps/8/logs/*/*']];
    const all = patterns.map((one) => master.watch(one, cursor));
    master.build(3, 'new');
    master.tell('steps/8/new', { stepid: 8, buildid: 3 });
    master.tell('logs/9/append', { logid: 9, stepid: 8, slug: 'stdio' });
    expect(all.map((one) => keys(one.got))).toEqual([
      ['builders/1/builds/3/new'], ['workers/2/builds/3/new'], [], ['builds/3/new'], ['builds/3/steps/8/new', 'steps/8/logs/stdio/append'],
    ]);
  });
  it('goes on without a gap when other topics of the same kinds are wanted', async () => {
    const { master, cursor } = await read();
    const one = master.watch(['builds/1/*'], cursor);
    master.build(2, 'new');
    one.setPatterns(['builds/*/*']);
    master.build(3, 'new');
    expect(keys(one.got)).toEqual(['builds/2/new', 'builds/3/new']);
    one.setPatterns(['builds/*/*']);
    expect(one.got).toHaveLength(2);
  });
  it('has the view read again where it wants a kind that nobody had followed', async () => {
    const { master, cursor } = await read();
    const one = master.watch(['builds/*/*'], cursor);
    one.setPatterns(['builds/*/*', 'changes/*/*']);
    await vi.waitFor(() => expect(one.expired).toBe(1));
    const { cursor: next } = await master.client.list('builds', 'builds', {});
    const two = master.watch(['builds/*/*', 'changes/*/*'], next ?? 0);
    master.tell('changes/4/new', { changeid: 4 });
    expect(keys(two.got)).toEqual(['changes/4/new']);
    expect(two.expired).toBe(0);
  });
  it('has views read again after a cut, once, since nobody tells what happened meanwhile', async () => {
    const { master, cursor } = await read();
    const one = master.watch(['builds/*/*'], cursor);
    master.cut();
    await vi.waitFor(() => expect(one.states).toEqual(['reconnecting', 'live', 'reconnecting']));
    master.build(2, 'new');
    await vi.waitFor(() => expect(one.expired).toBe(1));
    master.build(3, 'new');
    expect(one.got).toEqual([]);
    const { cursor: next } = await master.client.list('builds', 'builds', {});
    const two = master.watch(['builds/*/*'], next ?? 0);
    master.build(4, 'new');
    expect(keys(two.got)).toEqual(['builds/4/new']);
    expect(one.expired + two.expired).toBe(1);
  });
  it('tries again while the master is away, and at once when asked to', async () => {
    const { master, cursor } = await read(new FakeBuildbot({ first: 100_000, longest: 100_000 }));
    const one = master.watch(['builds/*/*'], cursor);
    master.socketDown = true;
    master.cut();
    await vi.waitFor(() => expect(one.states.at(-1)).toBe('reconnecting'));
    // What is read meanwhile does not wait, and is read again.
    const { cursor: meanwhile } = await master.client.list('builds', 'builds', {});
    const two = master.watch(['builds/*/*'], meanwhile ?? 0);
    master.socketDown = false;
    two.retry();
    await vi.waitFor(() => expect([one.expired, two.expired]).toEqual([1, 1]));
  });
  it('drops a connection that answers nothing', async () => {
    const { master, cursor } = await read(new FakeBuildbot({ round: 5, patience: 5 }));
    const one = master.watch(['builds/*/*'], cursor);
    const before = master.sockets[0];
    master.silent = true;
    await vi.waitFor(() => expect(master.sockets).not.toContain(before));
    master.silent = false;
    await vi.waitFor(() => expect(one.expired).toBe(1));
  });
  it('waits longer each time where a topic is refused, instead of reading again and again', async () => {
    const { master, cursor } = await read();
    master.refused.add('changes/*/*');
    const one = master.watch(['builds/*/*', 'changes/*/*'], cursor);
    await vi.waitFor(() => expect(master.commands.filter((command) => command.includes('changes')).length).toBeGreaterThan(2));
    expect(one.expired).toBe(0);
    master.refused.clear();
    await vi.waitFor(() => expect(one.expired).toBe(1));
  });
  it('tells nothing while paused, and what was missed afterwards', async () => {
    const { master, cursor } = await read();
    const one = master.watch(['builds/*/*'], cursor);
    one.pause(true);
    master.build(2, 'new');
    expect(one.got).toEqual([]);
    one.pause(false);
    expect(keys(one.got)).toEqual(['builds/2/new']);
    expect(one.states).toEqual(['reconnecting', 'live', 'paused', 'reconnecting', 'live']);
    one.close();
    master.build(3, 'new');
    expect(one.got).toHaveLength(1);
  });
  it('lets go of topics that nobody follows any more', async () => {
    const { master, cursor } = await read(new FakeBuildbot({ round: 5, kept: 1 }));
    master.watch(['builds/*/*'], cursor);
    await master.client.list('changes', 'changes', {});
    await vi.waitFor(() => expect(master.commands).toContain('stopConsuming changes/*/*'));
    expect([...(master.sockets[0]?.topics ?? [])]).toEqual(['builds/*/*']);
  });
  it('reads once what is told in part, however many there are', async () => {
    const master = new FakeBuildbot();
    master.rows = { builders: [1, 2, 3].map((builderid) => ({ builderid, name: `b${builderid}`, masterids: [1] })) };
    const { cursor } = await master.client.list('builders', 'builders', {});
    const one = master.watch(['builders/*/*'], cursor ?? 0);
    for (const builderid of [3, 1]) master.tell(`builders/${builderid}/started`, { builderid, masterid: 1, name: 'x' });
    await vi.waitFor(() => expect(keys(one.got)).toEqual(['builders/1/started', 'builders/3/started']));
    expect(one.got[0]?.message).toMatchObject({ masterids: [1] });
    expect(master.asked.length).toBe(2);
  });
  it('takes server-sent events where nothing lets a socket through', async () => {
    let stream: ReadableStreamDefaultController<Uint8Array> | undefined;
    const asked: string[] = [];
    const send: typeof fetch = (url) => {
      asked.push(String(url));
      if (!String(url).endsWith('/listen')) return Promise.resolve(new Response('<html>Request did not return bytes', { status: 500 }));
      const body = new ReadableStream<Uint8Array>({ start: (controller) => (stream = controller) });
      stream?.enqueue(new TextEncoder().encode('event: handshake\ndata: some-id\n\n'));
      return Promise.resolve(new Response(body));
    };
    const master = new FakeBuildbot({}, send);
    master.socketDown = true;
    const { cursor } = await read(master);
    expect(asked).toEqual(['http://bb/sse/listen', 'http://bb/sse/add/some-id/builds/*/*']);
    const one = master.watch(['builds/*/*'], cursor);
    stream?.enqueue(new TextEncoder().encode('event: event\ndata: {"key":["builds","5","new"],"message":{"buildid":5}}\n\n'));
    await vi.waitFor(() => expect(keys(one.got)).toEqual(['builds/5/new']));
    stream?.close();
    await vi.waitFor(() => expect(one.states.at(-1)).toBe('reconnecting'));
  });
});
