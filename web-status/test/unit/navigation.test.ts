import { describe, expect, it } from 'vitest';

import { entriesOf, firstPath, share } from '../../src/lib/navigation.ts';
import { parseRoute } from '../../src/lib/route.ts';
import type { View } from '../../src/lib/view.ts';

const load = (): never => {
  throw new Error('not read here');
};
const named = (name: string, order: number, more: Partial<View['nav']> = {}): View => ({ name, paths: [name], nav: { text: () => name, order, ...more }, load });
const views: View[] = [named('workers', 60), { name: 'build', paths: ['builds/#id'], load }, named('about', 90), named('builders', 20), named('wall', 95, { bar: true, key: 'x' })];

describe('navigation', () => {
  it('has an entry for each view that wants one, in their order', () => {
    expect(entriesOf(views).map(({ name, bar, key }) => [name, bar, key])).toEqual([
      ['builders', true, 'b'], ['workers', true, 'k'], ['about', false, 'u'], ['wall', true, 'x'],
    ]);
  });
  it('puts into the bar what there is room for, and the rest into the menu', () => {
    const names = (room: number): string[][] => Object.values(share(entriesOf(views), room)).map((list) => list.map(({ name }) => name));
    expect(names(9)).toEqual([['builders', 'workers', 'wall'], ['about']]);
    expect(names(1)).toEqual([['builders'], ['workers', 'about', 'wall']]);
    expect(names(0)).toEqual([[], ['builders', 'workers', 'about', 'wall']]);
  });
  it('opens first what the reader chose, if it is there', () => {
    expect(firstPath(views, 'about')).toBe('about');
    for (const name of ['', 'gone', 'build']) expect(firstPath(views, name)).toBe('builders');
    expect(firstPath([...views, named('home', 10)], '')).toBe('home');
    expect(parseRoute('', views, 'about').view?.name).toBe('about');
    expect(parseRoute('#/?q=x', views, 'workers').address.query.get('q')).toBe('x');
  });
});
