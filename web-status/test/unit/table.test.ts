import { describe, expect, it } from 'vitest';

import { Table as PlainTable } from '../../client/index.ts';
import { Table } from '../../src/lib/table.svelte.ts';

interface Row {
  id: number;
  builder: number;
  state: string;
}
const row = (id: number, state: string, builder = 1): Row => ({ id, builder, state });

// The same, whether a page is drawn of it or not.
describe.each([['Table', Table], ['Table of the client alone', PlainTable]])('%s', (_, Made) => {
  const table = (): PlainTable<Row> => new Made((one: Row) => one.id, (one: Row) => one.builder);

  it('takes events that are newer than the snapshot, and no older ones', () => {
    const builds = table();
    builds.load([row(1, 'compile')], 10);
    expect(builds.apply(row(1, 'starting'), 9)).toBe(false);
    expect(builds.apply(row(1, 'starting'), 10)).toBe(false);
    expect(builds.get(1)?.state).toBe('compile');
    expect(builds.apply(row(1, 'test'), 11)).toBe(true);
    expect(builds.apply(row(1, 'compile'), 11)).toBe(false);
    expect(builds.get(1)?.state).toBe('test');
  });
  it('takes no event of a row that the snapshot would have held', () => {
    const builds = table();
    builds.load([], 10);
    expect(builds.apply(row(5, 'new'), 8)).toBe(false);
    expect(builds.apply(row(6, 'new'), 12)).toBe(true);
    expect(builds.all.map((one) => one.id)).toEqual([6]);
  });
  it('lets an answer that was read before an event change nothing', () => {
    const builds = table();
    builds.load([row(1, 'a')], 10);
    builds.apply(row(1, 'b'), 20);
    builds.add([row(1, 'older'), row(2, 'page')], 15);
    expect(builds.get(1)?.state).toBe('b');
    expect(builds.get(2)?.state).toBe('page');
    expect(builds.apply(row(2, 'late'), 14)).toBe(false);
    builds.add([row(1, 'newer')], 25);
    expect(builds.get(1)?.state).toBe('newer');
  });
  it('is replaced whole by a new snapshot', () => {
    const builds = table();
    builds.load([row(1, 'a'), row(2, 'a')], 10);
    builds.load([row(2, 'b'), row(3, 'b')], 30);
    expect(builds.all.map((one) => one.id).sort()).toEqual([2, 3]);
    expect(builds.in(1).map((one) => one.id)).toEqual([3, 2]);
  });
  it('drops the oldest that may go when there are too many', () => {
    const builds = table();
    builds.load([row(4, 'done'), row(1, 'running'), row(2, 'done'), row(3, 'done')], 1);
    expect(builds.trim(4)).toBe(false);
    expect(builds.trim(2, (one) => one.state === 'done')).toBe(true);
    expect(builds.all.map((one) => one.id).sort()).toEqual([1, 3, 4]);
    expect(builds.in(1).map((one) => one.id)).toEqual([4, 3, 1]);
  });
  it('keeps groups in order, the highest id first', () => {
    const builds = table();
    builds.load([row(2, 'a'), row(9, 'a'), row(4, 'a', 2)], 1);
    builds.apply(row(5, 'new'), 2);
    builds.apply(row(9, 'done'), 3);
    expect(builds.in(1).map((one) => `${one.id} ${one.state}`)).toEqual(['9 done', '5 new', '2 a']);
    expect(builds.in(2).map((one) => one.id)).toEqual([4]);
    builds.delete(5);
    builds.apply(row(4, 'moved'), 4);
    expect(builds.in(1).map((one) => one.id)).toEqual([9, 4, 2]);
    expect(builds.in(2)).toEqual([]);
  });
  it('ends at the same rows from every snapshot that was taken on the way', () => {
    const events = Array.from({ length: 60 }, (_, i) => ({ cursor: i + 1, row: row((i * 7) % 11, `state ${i}`, (i * 7) % 3) }));
    const at = (cursor: number): Row[] => {
      const rows = new Map<number, Row>();
      for (const event of events) if (event.cursor <= cursor) rows.set(event.row.id, event.row);
      return [...rows.values()];
    };
    for (let first = 0; first <= 60; first++) {
      for (const second of [first, Math.min(60, first + 5), 60]) {
        const one = table();
        one.load(at(first), first);
        // A second request that was answered later, and a watch from the first cursor.
        one.add(at(second), second);
        for (const event of events) if (event.cursor > first) one.apply(event.row, event.cursor);
        const sorted = (rows: Row[]): Row[] => rows.toSorted((a, b) => a.id - b.id);
        expect(sorted(one.all)).toEqual(sorted(at(60)));
      }
    }
  });
});
