import { describe, expect, it } from 'vitest';

import { lineAddress, parseLines, parseRoute, to, viewKey } from '../../src/lib/route.ts';

describe('parseRoute', () => {
  it('reads every address that the pages link to', () => {
    expect(parseRoute('')).toEqual({ view: 'builders', search: '' });
    expect(parseRoute('#/')).toEqual({ view: 'builders', search: '' });
    expect(parseRoute(to.builders('a b&c'))).toEqual({ view: 'builders', search: 'a b&c' });
    expect(parseRoute(to.builder(3))).toEqual({ view: 'builder', builderid: 3 });
    expect(parseRoute(to.build(3, 7))).toEqual({ view: 'build', builderid: 3, number: 7 });
    expect(parseRoute(to.workers())).toEqual({ view: 'workers' });
    expect(parseRoute(to.changes())).toEqual({ view: 'changes' });
    const log = { view: 'log', builderid: 3, number: 7, step: 0, slug: 'err_html' };
    expect(parseRoute(to.log(3, 7, 0, 'err_html'))).toEqual({ ...log, lines: undefined });
    const lines = { first: 12, last: 20 };
    expect(parseRoute(lineAddress(to.log(3, 7, 0, 'err_html'), lines))).toEqual({ ...log, lines });
  });
  it('knows what is no page', () => {
    for (const path of ['x', 'builders/x', 'builders/1/builds', 'builders/1/builds/2/steps/3', 'builders/1/builds/2/steps/3/logs/a/b', 'workers/x/y']) {
      expect(parseRoute(`#/${path}`)).toEqual({ view: 'unknown', path });
    }
  });
  it('survives an address that is badly encoded', () => {
    expect(parseRoute('#/builders/1/builds/2/steps/3/logs/%E0%A4%A')).toMatchObject({ view: 'log', slug: '%E0%A4%A' });
  });
});

it('reads lines in either order, and nothing that is none', () => {
  expect(parseLines('L12')).toEqual({ first: 12, last: 12 });
  expect(parseLines('L20-L12')).toEqual({ first: 12, last: 20 });
  expect(parseLines('L3-5')).toEqual({ first: 3, last: 5 });
  for (const text of ['', 'L', 'L0', 'L-1', 'l3', 'L1x']) expect(parseLines(text)).toBeUndefined();
});

it('keeps a view for another search or line, not for another thing', () => {
  const log = to.log(1, 2, 3, 'stdio');
  expect(viewKey(parseRoute(log))).toBe(viewKey(parseRoute(`${log}#L4`)));
  expect(viewKey(parseRoute(to.builders()))).toBe(viewKey(parseRoute(to.builders('x'))));
  expect(viewKey(parseRoute(to.build(1, 2)))).not.toBe(viewKey(parseRoute(to.build(1, 3))));
});
