import { expect, it } from 'vitest';

import type { Build, Builder, Project } from '../../client/index.ts';
import { grouped, matches, resorted, sorted, sortOf, type Facts } from '../../src/lib/builderlist.ts';

const builder = (builderid: number, name: string, tags: string[] = [], projectid: number | null = null): Builder => ({ builderid, name, masterids: [1], description: null, projectid, tags });
const build = (number: number, results: number | null, took = 5): Build => ({
  buildid: number, number, builderid: 1, buildrequestid: 1, workerid: 1, masterid: 1, started_at: number * 100, complete: results !== null, complete_at: results === null ? null : number * 100 + took,
  locks_duration_s: 0, results: results as Build['results'], state_string: '', properties: {},
});
const builds: Record<number, Build[]> = { 1: [build(3, 0), build(2, 2, 50)], 2: [build(9, null), build(4, 2, 7)], 3: [] };
const facts: Facts = { builds: (id) => builds[id] ?? [], waiting: (id) => (id === 3 ? 2 : 0), workers: (id) => ({ online: id, all: 3 }) };
const three = [builder(1, 'linux-10'), builder(2, 'linux-9'), builder(3, 'mac')];
const order = (text: string): number[] => sorted(three, sortOf(text), facts).map(({ builderid }) => builderid);

it('sorts builders by each column, what is unknown last', () => {
  expect([order(''), order('-name'), order('nonsense')]).toEqual([[2, 1, 3], [3, 1, 2], [2, 1, 3]]);
  expect([order('-result'), order('rate'), order('-rate')]).toEqual([[2, 1, 3], [2, 1, 3], [1, 2, 3]]);
  expect([order('-waiting'), order('workers'), order('-duration'), order('-started')]).toEqual([[2, 3, 1], [1, 2, 3], [2, 1, 3], [2, 1, 3]]);
});
it('turns round where the same column is chosen again', () => {
  expect([resorted(sortOf(null), 'name'), resorted(sortOf('-name'), 'name'), resorted(sortOf(null), 'started'), resorted(sortOf('-started'), 'started'), resorted(sortOf(null), 'rate')]).toEqual([
    '-name', undefined, '-started', 'started', 'rate',
  ]);
});
it('finds builders by words in names and tags', () => {
  const one = builder(1, 'Linux-GCC', ['tier-1']);
  expect([matches(one, ''), matches(one, 'gcc tier'), matches(one, 'gcc mac')]).toEqual([true, true, false]);
});
it('groups by project and by each tag', () => {
  const some = [builder(1, 'a', ['x', 'y'], 7), builder(2, 'b', ['x'], 99), builder(3, 'c')];
  const projects = [{ projectid: 7, name: 'pump' } as Project];
  expect(grouped(some, 'project', projects).map(({ title, builders: all }) => [title, all.length])).toEqual([['99', 1], ['pump', 1], [undefined, 1]]);
  expect(grouped(some, 'tag', projects).map(({ title, builders: all }) => [title, all.length])).toEqual([['x', 2], ['y', 1], [undefined, 1]]);
});
