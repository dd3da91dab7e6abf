import { describe, expect, it } from 'vitest';

import type { Build, Views } from '../../client/index.ts';
import { marks, stretchOf, timeAt, yOf, type Axis } from '../../src/views/waterfall/axis.ts';
import { BREAK, Breaks } from '../../src/views/waterfall/breaks.ts';
import { IdleBreaks, idleTime } from '../../src/views/waterfall/idle.ts';
import { Store } from '../../src/views/waterfall/store.ts';
import { Column } from '../../src/views/waterfall/column.ts';
import { boxes, hit } from '../../src/views/waterfall/layout.ts';
import { numbers } from './random.ts';

const HOUR = 3600;

describe('time with breaks', () => {
  it('has a moment for each place and a place for each moment, in the same order', () => {
    const random = numbers(1);
    for (let i = 0; i < 60; i++) {
      let at = 1.79e9;
      const idle = Array.from({ length: Math.floor(random() * 40) }, () => {
        const from = at + 60 + random() * 8 * HOUR;
        at = from + HOUR + random() * 50 * HOUR;
        return { from, to: at };
      });
      const scale = 10 ** (random() * 2 - 3);
      const axis: Axis = { edge: at + random() * HOUR, scale, newestTop: random() < 0.5, breaks: new Breaks(idle, 24 / scale > HOUR / 2 ? HOUR / 2 : 24 / scale) };
      let before = axis.newestTop ? Infinity : -Infinity;
      for (let y = -200; y < 1500; y += 7) {
        const moment = timeAt(axis, y);
        expect(yOf(axis, moment)).toBeCloseTo(y, 2);
        expect(axis.newestTop ? moment < before : moment > before).toBe(true);
        before = moment;
      }
    }
  });

  it('is as long as ever between breaks, and as high as it should be within one', () => {
    const breaks = new Breaks([{ from: 1000, to: 5000 }, { from: 6000, to: 9000 }], 10);
    const axis: Axis = { edge: 10_000, scale: 2, newestTop: true, breaks };
    expect(yOf(axis, 9500)).toBe(1000);
    expect(yOf(axis, 9000)).toBe(2000);
    expect(yOf(axis, 6000)).toBe(2020);
    expect(yOf(axis, 5500)).toBe(3020);
    expect(yOf(axis, 3000)).toBe(4030);
    expect(yOf(axis, 900)).toBe(4240);
    expect(stretchOf(axis, 4240)).toEqual({ from: 900, to: 10_000 });
    expect(breaks.within({ from: 5000, to: 6001 })).toEqual([{ from: 6000, to: 9000 }]);
    expect(breaks.within({ from: 0, to: 1000 })).toEqual([]);
  });
});

describe('builds beside breaks', () => {
  it('lie where their times are, as high as ever, and are met there', () => {
    const column = new Column();
    const built = (id: number, start: number, end: number) => ({ id, number: id, builderid: 1, workerid: 1, start, end, results: 0 as const, state: '', version: 1 });
    for (const one of [built(1, 100_000, 101_000), built(2, 500_000, 502_000)]) column.put(one);
    const scale = 0.1;
    const axis: Axis = { edge: 503_000, scale, newestTop: true, breaks: new Breaks([{ from: 101_100, to: 499_900 }], BREAK / scale) };
    const found = boxes(column, axis, 700, 0, 100, 503_000);
    expect(found.map(({ built: { id }, y, height }) => [id, Math.round(y), Math.round(height)])).toEqual([[1, 310 + BREAK + 10, 100], [2, 100, 200]]);
    expect(hit(column, axis, 700, 50, 100, 320 + BREAK + 50, 503_000)?.box.built.id).toBe(1);
    expect(hit(column, axis, 700, 50, 100, 310 + BREAK / 2, 503_000)).toBeUndefined();
  });
});

describe('the marks of an axis with breaks', () => {
  it('are round times of each stretch, with room between them and the breaks', () => {
    const day = 86_400;
    const from = 20_000 * day;
    // At night nothing is built, nor at the end of the second day.
    const idle = [{ from: from + 20 * HOUR, to: from + 30 * HOUR }, { from: from + 42 * HOUR, to: from + 78 * HOUR }];
    const scale = 800 / (30 * HOUR);
    const axis: Axis = { edge: from + 88 * HOUR, scale, newestTop: true, breaks: new Breaks(idle, BREAK / scale) };
    const found = marks(axis, 900, 46, true);
    expect(found.length).toBeGreaterThan(12);
    const places = found.map(({ at }) => yOf(axis, at));
    for (const { at } of found) {
      expect(at % (30 * 60)).toBe(0);
      expect(idle.some((one) => at > one.from && at < one.to)).toBe(false);
      for (const edge of idle.flatMap((one) => [one.from, one.to])) expect(Math.abs(yOf(axis, edge) - yOf(axis, at))).toBeGreaterThan(17.9);
    }
    for (const [i, y] of places.toSorted((a, b) => a - b).entries()) if (i > 0) expect(y - (places.toSorted((a, b) => a - b)[i - 1] ?? 0)).toBeGreaterThan(45);
  });
});

describe('the breaks of a picture', () => {
  it('are looked up when something changed, laid out for each scale, and none where time would hardly be shorter', () => {
    const breaks = new IdleBreaks();
    let looked = 0;
    const find = (): { from: number; to: number }[] => {
      looked++;
      return [{ from: 0, to: 1000 }, { from: 5000, to: 50_000 }];
    };
    expect(breaks.at(1, find)).toBeUndefined();
    breaks.least = 600;
    const first = breaks.at(1, find);
    expect(first?.all).toHaveLength(2);
    expect(breaks.at(1, find)).toBe(first);
    expect(breaks.at(0.01, find)?.all).toEqual([{ from: 5000, to: 50_000 }]);
    expect(looked).toBe(1);
    breaks.forget();
    expect(breaks.at(0.01, find)?.all).toHaveLength(1);
    expect(looked).toBe(2);
  });
});

describe('idle time', () => {
  const build = (id: number, builderid: number, started_at: number, complete_at: number | null): Build =>
    ({ buildid: id, number: id, builderid, workerid: 1, started_at, complete_at, results: 0, state_string: '' }) as Build;
  const known = (store: Store, builders: number[], from: number, to: number, builds: Build[]): void =>
    store.take({ builders: [], builds, steps: [], changes: [], complete_from: from, complete_from_us: from * 1e6 } as unknown as Views['waterfall'], { from, to, builders, steps: false }, 1);

  it('is what no builder built in, where that is known of each, and longer than what is asked for', () => {
    const store = new Store();
    known(store, [1, 2], 0, 20_000, [build(1, 1, 1000, 1500), build(2, 2, 1200, 2000), build(3, 1, 6000, 6100), build(4, 2, 6900, 7000)]);
    expect(idleTime(store, [1, 2], 1000, 500, 20_000)).toEqual([{ from: 2050, to: 5950 }, { from: 7050, to: 19_950 }]);
    // Fewer builders are idle for longer.
    expect(idleTime(store, [2], 1000, 500, 20_000)[0]).toEqual({ from: 2050, to: 6850 });
    // What is not known of one of them, or runs, is not idle.
    known(store, [3], 0, 3000, []);
    expect(idleTime(store, [1, 2, 3], 500, 500, 20_000)).toEqual([{ from: 2025, to: 2975 }]);
    store.applyBuild(build(5, 1, 9000, null), 2);
    expect(idleTime(store, [1, 2], 1000, 500, 20_000)).toEqual([{ from: 2050, to: 5950 }, { from: 7050, to: 8950 }]);
    // Nor is what was before history.
    expect(idleTime(store, [1, 2], 1000, -50_000, 2000)).toEqual([]);
  });
});
