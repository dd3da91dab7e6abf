import { describe, expect, it } from 'vitest';

import type { Build, Client, Step, Views } from '../../client/index.ts';
import { fittingSpan, leastWidth, readChoice, wantedBuilders } from '../../src/views/waterfall/choice.ts';
import { plan, Reader, tileOf, type Wish } from '../../src/views/waterfall/reader.ts';
import { Store } from '../../src/views/waterfall/store.ts';
import { numbers } from './random.ts';

const NOW = Math.floor(Date.now() / 1000);
let ids = 0;

function build(builderid: number, start: number, over: Partial<Build> = {}): Build {
  const buildid = ++ids;
  return {
    buildid, number: buildid, builderid, buildrequestid: 1, workerid: 1, masterid: 1, started_at: start, complete: true, complete_at: start + 60,
    locks_duration_s: 0, results: 0, state_string: '', properties: {}, ...over,
  };
}
const builder = (builderid: number, tags: string[] = []) => ({ builderid, name: `b${builderid}`, masterids: [1], description: null, projectid: builderid % 2, tags });
/** A server with these builds, as it would answer. */
function answer(builds: readonly Build[], from: number, to: number, limit: number, builders: readonly number[]): Views['waterfall'] {
  const all = builds.filter((one) => builders.includes(one.builderid) && one.started_at < to && (one.complete_at ?? Infinity) >= from).sort((a, b) => b.started_at - a.started_at);
  const shown = all.slice(0, limit);
  const complete_from = all.length > limit ? (shown.at(-1)?.started_at ?? to) + 1 : from;
  return { builders: [], builds: shown, changes: [], steps: [], complete_from, complete_from_us: complete_from * 1e6 } as unknown as Views['waterfall'];
}

describe('what is held', () => {
  it('knows a stretch of those it asked for, from where the answer is complete', () => {
    const store = new Store();
    store.take(answer([build(1, NOW - 100), build(1, NOW - 300)], NOW - 400, NOW, 1, [1, 2]), { from: NOW - 400, to: NOW, builders: [1, 2], steps: false }, 5);
    expect(store.missing(1, { from: NOW - 400, to: NOW }, false)).toEqual([{ from: NOW - 400, to: NOW - 99 }]);
    expect(store.missing(1, { from: NOW - 50, to: NOW }, true)).toHaveLength(1);
    expect(store.missing(3, { from: NOW - 50, to: NOW }, false)).toHaveLength(1);
    expect(store.size).toBe(1);
  });

  it('lets an answer that is older than an event change nothing', () => {
    const store = new Store();
    const one = build(1, NOW - 100, { complete: false, complete_at: null, results: null });
    store.applyBuild({ ...one, complete: true, complete_at: NOW, results: 2 }, 20);
    store.take({ ...answer([], 0, 1, 1, []), builds: [one as Views['waterfall']['builds'][number]] }, { from: 0, to: NOW, builders: [1], steps: false }, 15);
    expect(store.column(1).get(one.buildid)?.results).toBe(2);
  });

  it('lets go of what is far, and knows then that it does not know it', () => {
    const store = new Store();
    const builds = [build(1, NOW - 5000), build(1, NOW - 100), build(2, NOW - 100)];
    store.take(answer(builds, NOW - 6000, NOW, 99, [1, 2]), { from: NOW - 6000, to: NOW, builders: [1, 2], steps: false }, 5, true);
    store.keep({ from: NOW - 1000, to: NOW + 100 }, new Set([1]));
    expect(store.size).toBe(1);
    expect(store.missing(1, { from: NOW - 6000, to: NOW }, false)).toEqual([{ from: NOW - 6000, to: NOW - 1000 }]);
    expect(store.missing(2, { from: NOW - 500, to: NOW }, false)).toHaveLength(1);
  });

  it('knows steps only while somebody sees them', () => {
    const store = new Store();
    const one = build(1, NOW - 100);
    const step = { stepid: 1, number: 0, buildid: one.buildid, started_at: NOW - 90, complete: true } as Step;
    const view = { ...answer([one], NOW - 200, NOW, 9, [1]), steps: [step as Views['waterfall']['steps'][number]] };
    const asked = { from: NOW - 200, to: NOW, builders: [1], steps: true };
    store.take(view, asked, 1);
    expect(store.stepsOf(one.buildid)).toEqual([]);
    expect(store.missing(1, asked, true)).toHaveLength(1);
    store.steps = true;
    store.take(view, asked, 1);
    store.applyStep({ ...step, complete: false });
    store.applyStep({ ...step, number: 1, buildid: -1 });
    expect(store.stepsOf(one.buildid)).toEqual([step]);
    expect(store.missing(1, asked, true)).toEqual([]);
    store.steps = false;
    expect(store.missing(1, asked, true)).toHaveLength(1);
    expect(store.missing(1, asked, false)).toEqual([]);
  });

  it('tells whose column changed', () => {
    const store = new Store();
    const heard: (number | undefined)[] = [];
    const deaf = store.hear((id) => heard.push(id));
    const one = build(7, NOW);
    store.applyBuild(one, 3);
    store.applyBuild(one, 2);
    deaf();
    store.applyBuild({ ...one, results: 1 }, 4);
    expect(heard).toEqual([7]);
  });
});

describe('what is asked for', () => {
  it('is whole tiles of what is not known, the newest first, few builders at once', () => {
    const store = new Store();
    const stretch = { from: NOW - 4 * 3600, to: NOW };
    const builders = Array.from({ length: 60 }, (_, i) => i + 1);
    const pieces = plan(store, stretch, builders, false, NOW);
    const length = tileOf(stretch);
    for (const piece of pieces) {
      expect(piece.from % length).toBe(0);
      expect(piece.builders.length).toBeLessThanOrEqual(24);
    }
    expect(pieces.map((piece) => piece.from)).toEqual(pieces.map((piece) => piece.from).sort((a, b) => b - a));
    expect(pieces.length).toBeLessThanOrEqual(4 * 3);
    for (const piece of pieces) store.take(answer([], piece.from, piece.to, 9, piece.builders), piece, 1);
    expect(plan(store, stretch, builders, false, NOW)).toEqual([]);
    // Zoomed out, only what is beyond is asked for.
    const wider = plan(store, { from: NOW - 8 * 3600, to: NOW }, builders, false, NOW);
    for (const piece of wider) expect(piece.to).toBeLessThanOrEqual(Math.max(...pieces.map((one) => one.to)) + 16 * 3600);
    expect(wider.some((piece) => piece.from < stretch.from)).toBe(true);
  });

  it('has every build in sight in the end, however many there are, with bounded answers', async () => {
    const random = numbers(9);
    const builds = Array.from({ length: 9000 }, (_, i) => build(1 + (i % 30), NOW - Math.floor(random() * 86_400)));
    let asked = 0;
    let largest = 0;
    let atOnce = 0;
    let running = 0;
    const client = {
      view: async (_: string, query: { from_us: number; to_us: number; builderid: number[]; limit: number }) => {
        asked++;
        atOnce = Math.max(atOnce, ++running);
        await Promise.resolve();
        running--;
        const data = answer(builds, query.from_us / 1e6, query.to_us / 1e6, query.limit, query.builderid);
        largest = Math.max(largest, data.builds.length);
        return { data, cursor: 1 };
      },
    } as unknown as Client;
    const store = new Store();
    const wish: Wish = { seen: { from: NOW - 86_400, to: NOW }, builders: Array.from({ length: 30 }, (_, i) => i + 1), near: { from: NOW - 86_400, to: NOW }, nearBuilders: [], steps: false };
    await new Promise<void>((resolve) => {
      const reader = new Reader(client, store, () => {
        if (reader.settled) resolve();
      });
      reader.want(wish);
    });
    expect(store.size).toBe(9000);
    expect(largest).toBeLessThanOrEqual(1500);
    expect(atOnce).toBeLessThanOrEqual(2);
    expect(asked).toBeLessThan(20);
  });

  it('gives up what is scrolled past, and asks again later for what failed', async () => {
    const signals: AbortSignal[] = [];
    const client = { view: (_: string, __: unknown, signal: AbortSignal) => (signals.push(signal), new Promise(() => undefined)) } as unknown as Client;
    const reader = new Reader(client, new Store(), () => undefined);
    const wish: Wish = { seen: { from: NOW - 3600, to: NOW }, builders: [1, 2], near: { from: NOW - 3600, to: NOW }, nearBuilders: [1, 2], steps: false };
    reader.want(wish);
    expect(signals.map((signal) => signal.aborted)).toEqual([false, false]);
    const far = { from: NOW - 90_000, to: NOW - 86_400 };
    reader.want({ ...wish, seen: far, near: far });
    expect(signals.slice(0, 2).map((signal) => signal.aborted)).toEqual([true, true]);
    reader.close();
    expect(reader.settled).toBe(false);
  });
});

describe('what the reader chose', () => {
  it('is read from the address, and nonsense there is as if it was not', () => {
    const choice = readChoice(new URLSearchParams('q=Linux&old=yes&idle=30&tag=a&without_tag=b&project=1&branch=main&busy=1&steps=0&order=oldest&width=narrow&span=2d&at=1700000000'));
    expect(choice).toEqual({
      search: 'Linux', old: true, idle: 30, tags: { only: ['a'], without: ['b'] }, project: 1, branch: 'main', busy: true, steps: false, newestTop: false, width: 'narrow', span: 172_800, at: 1_700_000_000,
    });
    const odd = readChoice(new URLSearchParams('idle=-1&project=x&width=toString&span=never&at=-5&order=?'));
    expect(odd).toEqual(readChoice(new URLSearchParams('')));
    expect(odd.span).toBe(4 * 3600);
  });

  it('chooses builders by all that is asked of them', () => {
    const builders = [builder(1, ['linux']), builder(2, ['linux', 'slow']), builder(3)];
    const chosen = (query: string, busy = (id: number) => id > 1): number[] =>
      wantedBuilders(builders, readChoice(new URLSearchParams(query)), busy).map((one) => one.builderid);
    expect(chosen('')).toEqual([1, 2, 3]);
    expect(chosen('tag=linux&without_tag=slow')).toEqual([1]);
    expect(chosen('q=B3')).toEqual([3]);
    expect(chosen('q=lin')).toEqual([1, 2]);
    expect(chosen('project=1')).toEqual([1, 3]);
    expect(chosen('busy=1')).toEqual([2, 3]);
  });

  it('begins with a span in which builds can be read, and the newest are in sight', () => {
    const builds = (seconds: number, ago: number) => Array.from({ length: 9 }, (_, i) => ({ start: NOW - ago - i * 100, end: NOW - ago - i * 100 + seconds }));
    expect(fittingSpan(builds(10, 60), NOW)).toBe(600);
    expect(fittingSpan(builds(10, 1500), NOW)).toBe(3600);
    expect(fittingSpan(builds(300, 60), NOW)).toBe(4 * 3600);
    expect(fittingSpan(builds(30_000, 1e6), NOW)).toBe(4 * 3600);
    expect(fittingSpan([], NOW)).toBe(4 * 3600);
  });

  it('makes columns narrow where weeks are shown', () => {
    expect(leastWidth(readChoice(new URLSearchParams('span=4h')), false)).toBeGreaterThan(leastWidth(readChoice(new URLSearchParams('span=1w')), false));
    expect(leastWidth(readChoice(new URLSearchParams('span=1w&width=wide')), true)).toBe(150);
  });
});
