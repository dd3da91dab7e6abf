import { describe, expect, it } from 'vitest';

import { encodeQuery, path } from '../../client/index.ts';

describe('encodeQuery', () => {
  it('is empty where nothing is asked', () => {
    expect(encodeQuery()).toBe('');
    expect(encodeQuery({ limit: undefined, property: [] })).toBe('');
  });
  it('repeats the key of an array and leaves out what is undefined', () => {
    expect(encodeQuery({ builderid: 3, property: ['branch', 'owner'], offset: undefined, complete: false })).toBe(
      '?builderid=3&property=branch&property=owner&complete=false',
    );
  });
  it('encodes what would end or split a value', () => {
    const text = encodeQuery({ name__eq: 'a&b=c #d+e/ü' });
    expect([...new URLSearchParams(text)]).toEqual([['name__eq', 'a&b=c #d+e/ü']]);
    expect(text).not.toContain('#');
  });
  it('keeps operators and order as they are', () => {
    expect(encodeQuery({ order: '-number', number__lt: 12 })).toBe('?order=-number&number__lt=12');
  });
});

it('encodes each segment of a path', () => {
  expect(path('builders', 'a/b c?', 7)).toBe('builders/a%2Fb%20c%3F/7');
});
