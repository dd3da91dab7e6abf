import { describe, expect, it } from 'vitest';

import { nextSpan, readSpan, scaleOf, SPANS, spanWord, stretchOf, ticks, timeAt, yOf, zoomed, type Axis } from '../../src/views/waterfall/axis.ts';
import { Coverage } from '../../src/views/waterfall/coverage.ts';
import { numbers } from './random.ts';

describe('the axis of time', () => {
  it('gives the time of a pixel and the pixel of a time, whichever way it runs', () => {
    const random = numbers(1);
    for (let i = 0; i < 100; i++) {
      const axis: Axis = { edge: 1.8e9 + random() * 1e6, scale: 10 ** (random() * 6 - 4), newestTop: random() < 0.5 };
      const y = random() * 2000 - 500;
      expect(yOf(axis, timeAt(axis, y))).toBeCloseTo(y, 1);
      const { from, to } = stretchOf(axis, 700);
      expect(to - from).toBeCloseTo(700 / axis.scale, 1);
      expect(yOf(axis, axis.newestTop ? to : from)).toBeCloseTo(0, 1);
    }
  });

  it('keeps the moment under a finger where it is while it zooms', () => {
    const random = numbers(2);
    for (let i = 0; i < 100; i++) {
      const axis: Axis = { edge: 1.8e9, scale: 10 ** (random() * 5 - 4), newestTop: random() < 0.5 };
      const y = random() * 700;
      const other = zoomed(axis, axis.scale * (0.1 + random() * 10), y);
      expect(timeAt(other, y)).toBeCloseTo(timeAt(axis, y), 2);
    }
  });

  it('writes spans for addresses and reads them again', () => {
    for (const span of SPANS) expect(readSpan(spanWord(span))).toBe(span);
    expect(spanWord(5700)).toBe('95m');
    for (const odd of [null, '', '4', 'x', '-4h', '4y', '0h', '4h4h']) expect(readSpan(odd)).toBeUndefined();
    expect(readSpan('99999w')).toBeLessThan(54 * 7 * 86_400);
    expect(scaleOf(0, 700)).toBeLessThan(10);
  });

  it('zooms by steps, and stays at the ends', () => {
    expect(nextSpan(4 * 3600, 1)).toBe(8 * 3600);
    expect(nextSpan(4 * 3600, -1)).toBe(2 * 3600);
    expect(nextSpan(5 * 3600, -1)).toBe(4 * 3600);
    expect(nextSpan(SPANS.at(-1) ?? 0, 1)).toBe(SPANS.at(-1));
    expect(nextSpan(SPANS[0] ?? 0, -1)).toBe(SPANS[0]);
  });

  it('marks round times, in their order, with room between them, wherever one looks', () => {
    const random = numbers(3);
    for (let i = 0; i < 120; i++) {
      const scale = 10 ** (random() * 5 - 5);
      const from = 1.79e9 + random() * 3e7;
      const stretch = { from, to: from + 900 / scale };
      const utc = random() < 0.5;
      const found = ticks(stretch, scale, 46, utc);
      expect(found.length).toBeGreaterThan(0);
      expect(found.length).toBeLessThan(60);
      for (const [at, tick] of found.entries()) {
        if (tick.at < stretch.from || tick.at > stretch.to) throw new Error(`${tick.at} is not in sight`);
        const before = found[at - 1];
        // Where a clock is put back or on, an hour may be missing or last longer.
        if (before && utc) expect((tick.at - before.at) * scale).toBeGreaterThanOrEqual(45.9);
        const clock = new Date(tick.at * 1000);
        const [hours, minutes] = utc ? [clock.getUTCHours(), clock.getUTCMinutes()] : [clock.getHours(), clock.getMinutes()];
        if (tick.day) expect([hours, minutes]).toEqual([0, 0]);
      }
      // One looks a little farther: what was marked stays where it is.
      const moved = ticks({ from: stretch.from + 100 / scale, to: stretch.to + 100 / scale }, scale, 46, utc);
      const both = found.filter((tick) => tick.at >= stretch.from + 100 / scale);
      expect(moved.slice(0, both.length)).toEqual(both);
    }
  });
});

describe('what is known of time', () => {
  it('knows exactly what was added, as a set of seconds does', () => {
    const random = numbers(4);
    for (let round = 0; round < 40; round++) {
      const coverage = new Coverage();
      let model = new Set<number>();
      for (let i = 0; i < 12; i++) {
        const from = Math.floor(random() * 90);
        const to = from + Math.floor(random() * 20);
        if (random() < 0.8) {
          coverage.add(from, to);
          for (let at = from; at < to; at++) model.add(at);
        } else {
          coverage.keep(from, to);
          model = new Set([...model].filter((at) => at >= from && at < to));
        }
        const missing = coverage.missing(0, 120);
        const gaps = new Set(missing.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, k) => from + k)));
        expect(Array.from({ length: 120 }, (_, at) => at).filter((at) => gaps.has(at) === model.has(at))).toEqual([]);
        // Neither touch nor overlap: the fewest stretches that say it.
        expect(coverage.known.every((one, k) => one.from > (coverage.known[k - 1]?.to ?? -1))).toBe(true);
      }
    }
  });

  it('knows the future once it is followed', () => {
    const coverage = new Coverage();
    coverage.add(100, Infinity);
    expect(coverage.missing(50, 1e12)).toEqual([{ from: 50, to: 100 }]);
  });
});
