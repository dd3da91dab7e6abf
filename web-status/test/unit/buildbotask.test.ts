import { describe, expect, it } from 'vitest';

import { plan } from '../../client/buildbot/ask.ts';
import { inOrder, row } from '../../client/buildbot/rows.ts';
import { cellsOf } from '../../client/buildbot/views/cells.ts';
import { brokenOf } from '../../client/buildbot/views/home.ts';
import { masterOf } from '../../client/master.ts';
import { ApiError, type Build, type Builder, type BuildRequest, type Query } from '../../client/index.ts';
import { FakeBuildbot } from './buildbotmaster.ts';

const reads = (resource: string, query: Query, path = resource): [string, Query][] => plan(resource, path, query).reads.map((one) => [one.path, one.query]);

describe('asking Buildbot what Weir is asked', () => {
  it('knows the master by its lists', async () => {
    const links = (...names: string[]) => () => Promise.resolve({ rootlinks: names.map((name) => ({ name })) });
    expect(await masterOf(links('builders', 'builds', 'logchunks'))).toBe('buildbot');
    expect(await masterOf(links('builders', 'builds', 'steps'))).toBe('weir');
    expect(await masterOf(() => Promise.reject(new ApiError(404, 'not_found', 'x')))).toBe('weir');
    await expect(masterOf(() => Promise.reject(new ApiError(403, 'permission_denied', 'x')))).rejects.toThrow('x');
  });
  it('asks for related rows at their own path', () => {
    expect(reads('builds', { changeid: 5, limit: 3 })).toEqual([['changes/5/builds', { limit: 3 }]]);
    expect(reads('steps', { buildid: [1, 2], complete: false })).toEqual([['builds/1/steps', { complete: false }], ['builds/2/steps', { complete: false }]]);
    expect(reads('steps', { stepid: [1, 2], order: 'stepid' })).toEqual([['steps/1', {}], ['steps/2', {}]]);
    expect(reads('workers', { builderid: 4 })).toEqual([['builders/4/workers', {}]]);
    // There it is a field as any other.
    expect(reads('builds', { builderid: 4 })).toEqual([['builds', { builderid: 4, limit: 10_000 }]]);
    expect(() => reads('steps', { results: 2 })).toThrow('no list of all steps');
  });
  it('knows no microseconds and no second condition, and leaves nothing out for that', () => {
    expect(reads('builds', { started_at_us__ge: 5_500_000, started_at_us__lt: 9_100_000, order: '-started_at_us', limit: 1 })).toEqual([
      ['builds', { started_at__ge: 5, started_at__lt: 10, order: ['-started_at'], limit: 1 }],
    ]);
    expect(reads('builds', { number__ge: 4, number__ge__1: 7, number__lt: 9, number__lt__1: 8, limit: 1 })[0]?.[1]).toEqual({ number__ge: 7, number__lt: 8, limit: 1 });
  });
  it('says that several values are a set, of which some of its lists would take the first', () => {
    expect(reads('buildrequests', { buildsetid: [1, 2], builderid: [3], property: ['a', 'b'], limit: 1 })[0]?.[1]).toEqual({ buildsetid__in: [1, 2], builderid: [3], property: ['a', 'b'], limit: 1 });
  });
  it('sorts changes itself, which come the oldest first whatever is asked', async () => {
    const master = new FakeBuildbot();
    master.rows = { changes: [{ changeid: 1 }, { changeid: 2 }] };
    expect((await master.client.list('changes', 'changes', { order: '-changeid', limit: 2 })).data.map((one) => one.changeid)).toEqual([2, 1]);
  });
  it('chooses the fields that it filters and orders by', () => {
    expect(reads('builds', { field: ['results'], complete: true, order: '-started_at', limit: 2 })[0]?.[1]['field']).toEqual(['results', 'started_at', 'complete', 'buildid']);
  });
  it('turns pages by counting', async () => {
    const master = new FakeBuildbot();
    master.rows = { builds: [{ buildid: 3 }, { buildid: 2 }] };
    const first = await master.client.list('builds', 'builds', { order: '-buildid', limit: 2 });
    expect(first.next).toBe('2');
    const { next } = await master.client.list('builds', 'builds', { order: '-buildid', limit: 3, after: first.next });
    expect(master.asked.at(-1)).toBe('builds?order=-buildid&limit=3&offset=2');
    expect(next).toBeUndefined();
  });
  it('gives rows as Weir has them', () => {
    expect(row('changes', { when_timestamp: 3, sourcestamp: { created_at: 2 } })).toEqual({
      when_timestamp: 3, when_timestamp_us: 3_000_000, sourcestamp: { created_at: 2, created_at_us: 2_000_000 },
    });
    expect(row('builds', { complete_at: null })).toEqual({ complete_at: null, properties: {} });
    expect(inOrder([{ a: 1, b: 'x' }, { a: 2, b: null }, { a: 2, b: 'y' }], ['-a', 'b'])).toEqual([{ a: 2, b: null }, { a: 2, b: 'y' }, { a: 1, b: 'x' }]);
  });
});

const build = (buildid: number, results: number | null, more: Partial<Build> = {}): Build =>
  ({ buildid, number: buildid, builderid: 1, started_at: buildid, complete: results !== null, complete_at: results === null ? null : buildid + 1, results, ...more }) as Build;
const request = (buildrequestid: number, more: Partial<BuildRequest> = {}): BuildRequest =>
  ({ buildrequestid, buildsetid: 1, builderid: 1, complete: false, claimed: false, ...more }) as BuildRequest;

describe('views out of plain lists', () => {
  it('tells what is broken, and since when', () => {
    const builders = [{ builderid: 1 } as Builder, { builderid: 2 } as Builder];
    expect(brokenOf(builders, [build(6, 6), build(5, 4), build(4, 2), build(3, 1), build(2, 2)])).toEqual([
      { builderid: 1, last: [5, 5, 5_000_000, 6_000_000, 4], since: [4, 4, 4_000_000, 5_000_000, 2], last_good_buildid: 3 },
    ]);
    expect(brokenOf(builders, [build(2, 2)])[0]).toMatchObject({ since: [2, 2, 2_000_000, 3_000_000, 2], last_good_buildid: null });
    expect(brokenOf(builders, [build(3, 0), build(2, 2)])).toEqual([]);
  });
  it('puts builds into the cell of each row that they belong to, and what still waits', () => {
    const asked = {
      requests: [request(1, { claimed: true }), request(2), request(3, { buildsetid: 2, complete: true }), request(4, { claimed: true, builderid: 2 })],
      builds: new Map([[1, [build(8, null), build(7, 5)]], [4, [build(9, 5, { builderid: 2 })]]]),
    };
    expect(cellsOf([[2], [1, 1], [1]], asked)).toEqual(
      [1, 2].flatMap((row) => [
        { row, builderid: 1, builds: [[8, 8, 8_000_000, null, null], [7, 7, 7_000_000, 8_000_000, 5]], waiting: [2] },
        { row, builderid: 2, builds: [[9, 9, 9_000_000, 10_000_000, 5]], waiting: [4] },
      ]),
    );
  });
});
