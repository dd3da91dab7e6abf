import { describe, expect, it } from 'vitest';

import { lineAddress, parseLines, parseRoute, to, viewKey, withBuilder, withQuery } from '../../src/lib/route.ts';
import { views } from '../../src/views/views.ts';

/** Which view shows an address, and what it is given of it. */
function shown(hash: string): unknown[] {
  const { view, address } = parseRoute(hash, views);
  return [view?.name, address.params];
}

describe('parseRoute', () => {
  it('finds the view of every address that the pages link to', () => {
    expect(shown('')).toEqual(['builders', {}]);
    expect(shown('#/')).toEqual(['builders', {}]);
    expect(shown(to.builders('a b&c'))).toEqual(['builders', {}]);
    expect(parseRoute(to.builders('a b&c'), views).address.query.get('q')).toBe('a b&c');
    expect(shown(to.builder(3))).toEqual(['builder', { builderid: '3' }]);
    expect(shown(to.build(3, 7))).toEqual(['build', { builderid: '3', number: '7' }]);
    expect(shown(to.workers())).toEqual(['workers', {}]);
    expect(shown(to.changes())).toEqual(['changes', {}]);
    const log = ['log', { builderid: '3', number: '7', step: '0', slug: 'err_html' }];
    expect(shown(to.log(3, 7, 0, 'err_html'))).toEqual(log);
    const lines = lineAddress(to.log(3, 7, 0, 'err_html'), { first: 12, last: 20 });
    expect(shown(lines)).toEqual(log);
    expect(parseRoute(lines, views).address.anchor).toBe('L12-L20');
  });
  it('knows what is no page', () => {
    for (const path of ['x', 'builders/1/builds', 'builders/1/builds/2/steps/3', 'builders/1/builds/2/steps/3/logs/a/b', 'workers/x/y']) {
      expect(parseRoute(`#/${path}`, views)).toMatchObject({ view: undefined, address: { path } });
    }
  });
  it('takes the name of a builder in an address of old', () => {
    expect(shown('#/builders/linux%20x')).toEqual(['named', { buildername: 'linux x' }]);
    expect(shown('#/builders/linux/builds/17')).toEqual(['named', { buildername: 'linux', number: '17' }]);
    const log = parseRoute('#/builders/linux/builds/17/steps/2/logs/stdio?wrap=1#L5', views);
    expect(log.view?.name).toBe('named');
    expect(withBuilder(log.address, 5)).toBe('#/builders/5/builds/17/steps/2/logs/stdio?wrap=1#L5');
    expect(withBuilder(parseRoute('#/builders/linux', views).address, 5)).toBe(to.builder(5));
  });
  it('survives an address that is badly encoded', () => {
    expect(shown('#/builders/1/builds/2/steps/3/logs/%E0%A4%A')).toMatchObject(['log', { slug: '%E0%A4%A' }]);
  });
  it('has no two views with one name', () => {
    expect(new Set(views.map(({ name }) => name)).size).toBe(views.length);
  });
});

it('keeps the other choices of an address when one is set', () => {
  const { address } = parseRoute('#/builders?q=x&tag=a&tag=b', views);
  expect(withQuery(address, { tag: ['c', 'd'] })).toBe('#/builders?q=x&tag=c&tag=d');
  expect(withQuery(address, { q: '', tag: undefined })).toBe('#/builders');
});

it('reads lines in either order, and nothing that is none', () => {
  expect(parseLines('L12')).toEqual({ first: 12, last: 12 });
  expect(parseLines('L20-L12')).toEqual({ first: 12, last: 20 });
  expect(parseLines('L3-5')).toEqual({ first: 3, last: 5 });
  for (const text of ['', 'L', 'L0', 'L-1', 'l3', 'L1x']) expect(parseLines(text)).toBeUndefined();
});

it('keeps a view for another search or line, not for another thing', () => {
  const log = to.log(1, 2, 3, 'stdio');
  expect(viewKey(parseRoute(log, views))).toBe(viewKey(parseRoute(`${log}#L4`, views)));
  expect(viewKey(parseRoute(to.builders(), views))).toBe(viewKey(parseRoute(to.builders('x'), views)));
  expect(viewKey(parseRoute(to.build(1, 2), views))).not.toBe(viewKey(parseRoute(to.build(1, 3), views)));
});
