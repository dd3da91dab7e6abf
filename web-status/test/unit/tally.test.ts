import { describe, expect, it } from 'vitest';

import { band, bandsBefore, percent, tally, trend, type Counted } from '../../src/lib/tally.ts';

const build = (number: number, results: number | null, took = 10): Counted => ({
  number, results: results as Counted['results'], complete: results !== null, started_at: number * 100, complete_at: results === null ? null : number * 100 + took, workerid: 1,
});
/** Builds the newest first, from a text of results in time's order: `.` good, `x` bad. */
const row = (text: string): Counted[] => [...text].map((c, i) => build(i + 1, c === '.' ? 0 : c === 'x' ? 2 : 6)).reverse();

describe('tally', () => {
  it('counts what tells something of what was built', () => {
    expect(tally([0, 1, 2, 4, 3, 5, 6, null].map((results, i) => build(i, results)))).toEqual({ good: 2, of: 4 });
  });
  it('says 100 and 0 percent only where that is so', () => {
    expect([percent({ good: 0, of: 0 }), percent({ good: 999, of: 1000 }), percent({ good: 1, of: 1000 }), percent({ good: 3, of: 3 }), percent({ good: 0, of: 9 }), percent({ good: 1, of: 3 })]).toEqual([
      undefined, 99, 1, 100, 0, 33,
    ]);
  });
  it('tells a trend from enough builds', () => {
    expect([trend(row('xxxx....')), trend(row('....xx.x')), trend(row('.x.x.x.x')), trend(row('xxx...')), trend(row('---....'))]).toEqual(['up', 'down', 'level', undefined, undefined]);
  });
});

describe('bands', () => {
  it('tell between what most values lie', () => {
    expect(band([])).toBeUndefined();
    expect(band([7])).toEqual({ low: 7, mid: 7, high: 7 });
    expect(band([10, 0, 5])).toEqual({ low: 1, mid: 5, high: 9 });
    expect(band(Array.from({ length: 11 }, (_, i) => i * 10))).toEqual({ low: 10, mid: 50, high: 90 });
  });
  it('look at the good builds before each, whatever the order they come in', () => {
    const builds = [build(3, 0, 30), build(1, 0, 10), build(2, 2, 99), build(4, null)];
    expect(bandsBefore(builds).map((one) => one?.mid)).toEqual([10, undefined, 10, 20]);
  });
  it('forget what is more than thirty builds ago', () => {
    const builds = Array.from({ length: 40 }, (_, i) => build(i + 1, i === 0 ? 0 : 2, 50));
    const bands = bandsBefore(builds);
    expect(bands[30]?.mid).toBe(50);
    expect(bands[31]).toBeUndefined();
  });
});
