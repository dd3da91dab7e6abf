import { describe, expect, it } from 'vitest';

import type { Build, BuildRequest, Cell as ToldCell } from '../../client/index.ts';
import { Cells } from '../../src/lib/cells.ts';

const SECOND = 1e6;
const request = (buildrequestid: number, more: Partial<BuildRequest> = {}): BuildRequest => ({
  buildrequestid, buildsetid: 1, builderid: 1, priority: 0, claimed: false, claimed_at: null, claimed_by_masterid: null, complete: false,
  complete_at: null, results: -1, submitted_at: 1, waited_for: false, properties: null, ...more,
});
const build = (buildid: number, buildrequestid: number | null, more: Partial<Build> = {}): Build => ({
  buildid, number: buildid, builderid: 1, buildrequestid, workerid: 1, masterid: 1, started_at: 10, complete: false, complete_at: null,
  locks_duration_s: 0, results: null, state_string: '', properties: {}, ...more,
});
const ended = (buildid: number, buildrequestid: number, results: Build['results']): Build => build(buildid, buildrequestid, { complete: true, complete_at: 20, results });
const all = (): boolean => true;

function loaded(told: ToldCell[], cursor = 100, rows = ['a', 'b']): Cells {
  const cells = new Cells();
  cells.load(rows, told, cursor, all);
  return cells;
}
const results = (cells: Cells, row = 'a', builderid = 1): unknown => cells.get(row, builderid)?.builds.map((one) => [one.buildid, one.results]);
const waiting = (cells: Cells, row = 'a'): unknown => cells.get(row, 1)?.waiting;

describe('cells', () => {
  it('holds what a view told, the newest build first', () => {
    const cells = loaded([{ row: 1, builderid: 1, builds: [[7, 2, 5 * SECOND, 6 * SECOND, 0], [3, 1, SECOND, 2 * SECOND, 2]] }]);
    expect(results(cells, 'b')).toEqual([[7, 0], [3, 2]]);
    expect(cells.get('b', 1)?.builds[0]).toEqual({ buildid: 7, number: 2, started_at: 5, complete: true, complete_at: 6, results: 0 });
    expect(cells.get('a', 1)).toBeUndefined();
    expect(cells.get('b', 2)).toBeUndefined();
  });

  it('lets a request wait, then its build run, end, and stand in every row where the request stood', () => {
    const cells = loaded([{ row: 0, builderid: 1, builds: [], waiting: [5] }, { row: 1, builderid: 1, builds: [], waiting: [5] }]);
    expect(waiting(cells)).toEqual([5]);
    expect(cells.request(request(5, { claimed: true }), 101)).toBe('old');
    expect(waiting(cells)).toEqual([5]);
    expect(cells.build(build(9, 5), 102)).toBe('changed');
    expect(waiting(cells)).toEqual([]);
    expect(cells.build(ended(9, 5, 2), 103)).toBe('changed');
    expect(cells.request(request(5, { claimed: true, complete: true, results: 2 }), 104)).toBe('old');
    expect(results(cells, 'a')).toEqual([[9, 2]]);
    expect(results(cells, 'b')).toEqual([[9, 2]]);
  });

  it('lets a request wait again whose build was lost, and puts the next build of it beside the first', () => {
    const cells = loaded([{ row: 0, builderid: 1, builds: [[9, 1, SECOND, null, null]] }]);
    cells.build(ended(9, 5, 5), 101);
    expect(cells.request(request(5), 102)).toBe('changed');
    expect(waiting(cells)).toEqual([5]);
    cells.build(build(11, 5), 103);
    expect(results(cells)).toEqual([[11, null], [9, 5]]);
    expect(waiting(cells)).toEqual([]);
  });

  it('does not wait while another build of the request runs', () => {
    const cells = loaded([{ row: 0, builderid: 1, builds: [], waiting: [5] }]);
    cells.build(build(9, 5), 101);
    expect(cells.request(request(5, { claimed: true, priority: 3 }), 102)).toBe('old');
    expect(waiting(cells)).toEqual([]);
  });

  it('takes a cancelled request out, and the cell with it', () => {
    const cells = loaded([{ row: 0, builderid: 1, builds: [], waiting: [5] }]);
    expect(cells.request(request(5, { complete: true, results: 6 }), 101)).toBe('changed');
    expect(cells.get('a', 1)).toBeUndefined();
  });

  it('ignores what is older than what it knows', () => {
    const cells = loaded([{ row: 0, builderid: 1, builds: [[9, 1, SECOND, 2 * SECOND, 0]] }]);
    expect(cells.build(build(9, 5), 99)).toBe('old');
    expect(results(cells)).toEqual([[9, 0]]);
  });

  it('asks to read the builder again whose request or build stands nowhere yet, and never for it again', () => {
    const cells = loaded([]);
    expect(cells.request(request(5, { builderid: 3 }), 101)).toBe('unknown');
    expect(cells.build(build(9, 6, { builderid: 4 }), 102)).toBe('unknown');
    expect([...cells.stale]).toEqual([3, 4]);
    cells.load(['a'], [{ row: 0, builderid: 3, builds: [], waiting: [5] }], 103, (_, id) => id === 3 || id === 4);
    cells.settle(103, (id) => id === 3 || id === 4);
    expect(cells.stale.size).toBe(0);
    expect(cells.build(build(9, 6, { builderid: 4, complete: true }), 104)).toBe('old');
    expect(cells.get('a', 3)?.waiting).toEqual([5]);
  });

  it('still has to read what an answer could not know yet', () => {
    const cells = loaded([]);
    cells.request(request(5), 110);
    cells.load(['a'], [], 105, all);
    cells.settle(105, all);
    expect([...cells.stale]).toEqual([1]);
  });

  it('needs to read nothing for a request that came and went', () => {
    const cells = loaded([]);
    cells.request(request(5), 101);
    cells.request(request(5, { complete: true, results: 6 }), 102);
    expect(cells.stale.size).toBe(0);
  });

  it('reads what was built and over before it could be read', () => {
    const cells = loaded([]);
    cells.request(request(5), 101);
    cells.build(build(9, 5), 102);
    cells.build(ended(9, 5, 0), 103);
    cells.request(request(5, { complete: true, claimed: true, results: 0 }), 104);
    expect([...cells.stale]).toEqual([1]);
    cells.load(['a'], [{ row: 0, builderid: 1, builds: [[9, 1, SECOND, 2 * SECOND, 0]] }], 104, all);
    cells.settle(104, all);
    expect(cells.stale.size).toBe(0);
    expect(results(cells)).toEqual([[9, 0]]);
  });

  it('keeps what events told after the cursor of an answer that comes late', () => {
    const cells = loaded([{ row: 0, builderid: 1, builds: [[8, 1, SECOND, null, null]], waiting: [5] }]);
    cells.build(ended(8, 4, 0), 120);
    cells.build(build(9, 5), 121);
    cells.load(['a', 'b'], [{ row: 0, builderid: 1, builds: [[8, 1, SECOND, null, null]], waiting: [5] }], 110, all);
    expect(results(cells)).toEqual([[9, null], [8, 0]]);
    expect(waiting(cells)).toEqual([]);
  });

  it('drops what an answer no longer tells, only where it would have told it', () => {
    const told: ToldCell[] = [{ row: 0, builderid: 1, builds: [[8, 1, 1, 2, 0]] }, { row: 0, builderid: 2, builds: [[9, 1, 1, 2, 0]] }];
    const cells = loaded(told);
    cells.load(['a'], [], 110, (_, id) => id === 1);
    expect(cells.get('a', 1)).toBeUndefined();
    expect(results(cells, 'a', 2)).toEqual([[9, 0]]);
  });

  it('forgets the rows that are kept no more', () => {
    const cells = loaded([{ row: 0, builderid: 1, builds: [[8, 1, 1, null, null]] }, { row: 1, builderid: 1, builds: [[8, 1, 1, null, null]] }]);
    cells.keep(new Set(['b']));
    expect(cells.get('a', 1)).toBeUndefined();
    cells.build(ended(8, 4, 0), 120);
    expect(results(cells, 'b')).toEqual([[8, 0]]);
    cells.keep(new Set());
    expect(cells.build(ended(8, 4, 0), 121)).toBe('unknown');
  });

  it('goes on without microseconds and without a request, as Buildbot has it', () => {
    const cells = loaded([{ row: 0, builderid: 1, builds: [[8, 1, SECOND, null, null]] }]);
    expect(cells.build(build(8, null, { complete: true, complete_at: 30, results: 0 }), 101)).toBe('changed');
    expect(cells.get('a', 1)?.builds[0]).toMatchObject({ started_at: 10, complete_at: 30 });
    expect(cells.build(build(12, null), 102)).toBe('old');
  });
});
