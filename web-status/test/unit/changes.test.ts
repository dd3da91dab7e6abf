import { expect, it } from 'vitest';

import type { Change } from '../../client/index.ts';
import { filtersOf, fits, queryOf } from '../../src/lib/changes.ts';
import { byName, isOf } from '../../src/lib/workers.ts';

const change = { author: 'Ada Kern <ada@example.org>', comments: 'Keep it dry', branch: null, codebase: 'pump', project: '' } as Change;

it('reads filters of an address, and asks the server for the same as an event has to be', () => {
  const filters = filtersOf(new URLSearchParams('author=Ada&branch=&codebase=pump&other=x'));
  expect(filters).toEqual({ author: 'Ada', codebase: 'pump' });
  expect(queryOf(filters)).toEqual({ author__contains: 'Ada', codebase__eq: 'pump' });
  expect(fits(change, filters)).toBe(true);
  expect(fits(change, { codebase: 'pum' })).toBe(false);
  expect(fits(change, { branch: 'main' })).toBe(false);
  expect(fits(change, {})).toBe(true);
});

it('knows workers that are there, away or paused, and orders names as people do', () => {
  const here = { connected_to: [{ masterid: 1 }], paused: true };
  expect([isOf('all', here), isOf('connected', here), isOf('offline', here), isOf('paused', here)]).toEqual([true, true, false, true]);
  expect(['w10', 'w2', 'W1'].map((name) => ({ name })).sort(byName).map(({ name }) => name)).toEqual(['W1', 'w2', 'w10']);
});
