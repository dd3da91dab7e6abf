import { describe, expect, it } from 'vitest';

import type { Answer, Change, Client, GridRevision } from '../../client/index.ts';
import { choiceOf } from '../../src/lib/choice.ts';
import type { Line } from '../../src/lib/lines.ts';
import { Changeless, weave } from '../../src/views/console/changeless.ts';

const line = (key: string, at: number): Line => ({ key, at, change: undefined, stamps: [], stamp: undefined, history: '', order: 0 });
const revision = (...ssids: number[]): GridRevision => ({ sourcestamps: ssids.map((ssid) => ({ ssid })), submitted_at: 1, submitted_at_us: 1e6 }) as unknown as GridRevision;
const change = (ssid: number): Change => ({ changeid: ssid, sourcestamp: { ssid } }) as unknown as Change;

describe('weave', () => {
  it('puts revisions between changes by their times, and leaves the order of changes as it is', () => {
    // The second change was made before the third, and came after it.
    const changes = [line('c3', 300), line('c2', 100), line('c1', 200)];
    const keys = (older: boolean): string[] => weave(changes, [line('r1', 90), line('r2', 250), line('r3', 400), line('r4', 150)], older).map(({ key }) => key);
    expect(keys(false)).toEqual(['r3', 'c3', 'r2', 'r4', 'c2', 'c1', 'r1']);
    // What lies before the oldest change comes with the changes before it.
    expect(keys(true)).toEqual(['r3', 'c3', 'r2', 'r4', 'c2', 'c1']);
    expect(weave([], [line('r1', 1)], false)).toHaveLength(1);
  });
});

describe('Changeless', () => {
  const answer = <T>(data: T, cursor = 7): Answer<T> => ({ data, cursor });

  it('keeps revisions none of whose sources is a change, and asks about each source once', async () => {
    const asked: number[][] = [];
    const cells = [0, 1, 2, 3].map((row) => ({ row, builderid: 5, builds: [] }));
    const client = {
      view: () => Promise.resolve(answer({ builders: [], revisions: [revision(1), revision(2, 3), revision(4), revision(5, 6)], cells })),
      list: (_: string, __: string, { ssid }: { ssid: number[] }) => {
        asked.push(ssid);
        return Promise.resolve(answer([change(3)].filter(({ sourcestamp }) => ssid.includes(sourcestamp.ssid))));
      },
    } as unknown as Client;
    const changeless = new Changeless(client);
    changeless.learn([change(1)]);
    const choice = choiceOf(new URLSearchParams());
    const found = await changeless.read(choice, [5]);
    expect(found.revisions).toEqual([revision(4), revision(5, 6)]);
    expect(found.cells.map(({ row }) => row)).toEqual([0, 1]);
    expect(found.cursor).toBe(7);
    await changeless.read(choice, [5]);
    expect(asked).toEqual([[2, 3, 4, 5, 6]]);
    // A change that came of one takes it away.
    changeless.learn([change(6)]);
    expect(found.revisions.map((one) => changeless.holds(one))).toEqual([true, false]);
    // Whoever reads everything asks again: a change may have come unheard.
    await changeless.read(choice, undefined);
    expect(asked[1]).toEqual([2, 4, 5]);
  });
});
