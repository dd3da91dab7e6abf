import { describe, expect, it } from 'vitest';

import type { Results, Step } from '../../client/index.ts';
import { stretchOf, yOf, type Axis } from '../../src/views/waterfall/axis.ts';
import { Column, firstAt, place, rankOf, SEVERITY, statusOfBuilt, type Built } from '../../src/views/waterfall/column.ts';
import { bars, boxes, columnsWithin, crowded, extent, hit, LOWEST, nearest } from '../../src/views/waterfall/layout.ts';
import { readRgb } from '../../src/views/waterfall/palette.ts';
import { groupAt, grouped } from '../../src/views/waterfall/picture.ts';
import { stepBoxes } from '../../src/views/waterfall/steps.ts';
import { fitting } from '../../src/views/waterfall/texts.ts';
import { numbers } from './random.ts';

const NOW = 1_800_000_000;
const HEIGHT = 700;

function built(id: number, start: number, end: number | null, results: Results | null = 0): Built {
  return { id, number: id, builderid: 1, workerid: 1, start, end, results: end === null ? null : results, state: '', version: 1 };
}

/** Builds of the last so many seconds, of which some run at the same time. */
function made(random: () => number, count: number, seconds: number): Built[] {
  return Array.from({ length: count }, (_, i) => {
    const start = NOW - random() * seconds;
    const end = random() < 0.05 ? null : Math.min(NOW, start + random() ** 3 * seconds * 0.2);
    return built(i + 1, start, end, Math.floor(random() * 7) as Results);
  });
}
function columnOf(builds: readonly Built[]): Column {
  const column = new Column();
  for (const one of builds) column.put(one);
  return column;
}
const axisOf = (random: () => number): Axis => ({ edge: NOW + 60 - random() * 20_000, scale: 10 ** (random() * 3 - 3), newestTop: random() < 0.5 });

describe('lanes', () => {
  it('let no two builds overlap, and are no more than run at the same time', () => {
    const random = numbers(1);
    for (let round = 0; round < 20; round++) {
      const builds = made(random, 60, 20_000).sort((a, b) => a.start - b.start);
      const placed = place(builds);
      expect(placed.map((one) => one.built)).toEqual(builds);
      for (const [i, one] of placed.entries()) {
        expect(one.lane).toBeLessThan(one.lanes);
        for (const other of placed.slice(i + 1)) {
          const overlap = other.built.start < (one.built.end ?? Infinity);
          if (overlap && (other.lane === one.lane || other.lanes !== one.lanes)) throw new Error(`${one.built.id} and ${other.built.id} overlap`);
        }
        const atOnce = builds.filter((other) => other.start <= one.built.start && (other.end ?? Infinity) > one.built.start).length;
        expect(one.lanes).toBeGreaterThanOrEqual(Math.max(1, atOnce));
      }
    }
  });
});

describe('a column', () => {
  it('takes what is newer, and finds what a stretch shows', () => {
    const random = numbers(2);
    const builds = made(random, 300, 50_000);
    const column = columnOf(builds);
    for (let i = 0; i < 100; i++) {
      const from = NOW - random() * 60_000;
      const to = from + random() * 10_000;
      const ids = column.within(from, to).map((one) => one.built.id).sort((a, b) => a - b);
      expect(ids).toEqual(builds.filter((one) => one.start <= to && (one.end ?? Infinity) >= from).map((one) => one.id).sort((a, b) => a - b));
    }
    expect(column.put({ ...built(1, NOW, null), version: 0 })).toBe(false);
    expect(column.put({ ...built(1, NOW - 5, NOW, 2), version: 9 })).toBe(true);
    expect(column.newest?.id).toBe(1);
    const before = column.placed.findIndex((one) => one.built.id === 1);
    column.put({ ...built(1, NOW - 5, NOW, 4), version: 10 });
    expect(column.placed[before]?.built.results).toBe(4);
  });

  it('lets go of what is far, but not of what runs', () => {
    const column = columnOf([built(1, NOW - 900, NOW - 800), built(2, NOW - 100, NOW - 90), built(3, NOW - 5000, null)]);
    expect(column.keep(NOW - 200, NOW)).toEqual([1]);
    expect(column.size).toBe(2);
    expect(column.running).toBe(true);
  });

  it('finds the first place', () => {
    for (let count = 0; count < 20; count++) for (let at = 0; at <= count; at++) expect(firstAt(count, (i) => i >= at)).toBe(at);
  });
});

describe('what is drawn', () => {
  it('has a box for each build in sight, where it belongs, within its column', () => {
    const random = numbers(3);
    for (let round = 0; round < 60; round++) {
      const column = columnOf(made(random, 40, 30_000));
      const axis = axisOf(random);
      const found = boxes(column, axis, HEIGHT, 100, 80, NOW);
      const { from, to } = stretchOf(axis, HEIGHT);
      const seen = column.within(from, to).map((one) => one.built.id);
      expect(found.map((box) => box.built.id)).toEqual(expect.arrayContaining(seen));
      for (const box of found) {
        expect(box.x).toBeGreaterThanOrEqual(100);
        expect(box.x + box.width).toBeLessThanOrEqual(180);
        expect(box.height).toBeGreaterThanOrEqual(LOWEST - 0.001);
        expect([box.y, box.y + box.height]).toEqual(extent(axis, box.built, NOW).map((y) => expect.closeTo(y, 6) as number));
      }
    }
  });

  it('shows the worst of those that share a pixel, and is bounded by pixels', () => {
    const random = numbers(4);
    for (let round = 0; round < 8; round++) {
      const builds = made(random, 1500, 400_000);
      const column = columnOf(builds);
      const axis = axisOf(random);
      const found = bars(column, axis, HEIGHT, NOW);
      expect(found.length).toBeLessThanOrEqual(HEIGHT);
      const shown = new Map(found.flatMap((bar) => Array.from({ length: bar.height }, (_, i) => [bar.y + i, bar.rank] as const)));
      for (let i = 0; i < 25; i++) {
        const y = Math.floor(random() * HEIGHT);
        const there = builds.filter((one) => {
          const [top, bottom] = extent(axis, one, NOW);
          return Math.floor(top) <= y && y < Math.ceil(bottom);
        });
        expect(shown.get(y) ?? 0).toBe(Math.max(0, ...there.map(rankOf)));
      }
    }
  });

  it('draws pixels instead of boxes where builds are many', () => {
    const axis: Axis = { edge: NOW, scale: 0.001, newestTop: true };
    expect(crowded(columnOf(made(numbers(5), 40, 600_000)), axis, HEIGHT)).toBe(false);
    expect(crowded(columnOf(made(numbers(5), 2000, 600_000)), axis, HEIGHT)).toBe(true);
  });

  it('is met where it is drawn', () => {
    const random = numbers(6);
    for (let round = 0; round < 12; round++) {
      const column = columnOf(made(random, round % 2 === 0 ? 25 : 1000, 40_000));
      const axis = axisOf(random);
      const many = crowded(column, axis, HEIGHT);
      for (const box of boxes(column, axis, HEIGHT, 0, 90, NOW).slice(0, 25)) {
        const y = Math.min(HEIGHT, Math.max(0, box.y + box.height / 2));
        const found = hit(column, axis, HEIGHT, box.x + box.width / 2, 90, y, NOW);
        expect(found).toBeDefined();
        if (found?.more === 0) expect(found.box.built.id).toBe(box.built.id);
        else expect(rankOf(found?.box.built as Built)).toBeGreaterThanOrEqual(rankOf(box.built));
        if (many) expect(found?.box.width).toBe(90);
      }
    }
    expect(hit(new Column(), axisOf(random), HEIGHT, 5, 90, 5, NOW)).toBeUndefined();
  });

  it('puts columns side by side and knows which are in sight', () => {
    expect(columnsWithin({ left: 100, width: 50, count: 4 }, 100, 1000)).toEqual([0, 4]);
    expect(columnsWithin({ left: -60, width: 50, count: 200 }, 100, 300)).toEqual([3, 8]);
    expect(columnsWithin({ left: 100, width: 50, count: 0 }, 100, 300)).toEqual([0, 0]);
  });

  it('finds the build that is nearest in time', () => {
    const column = columnOf([built(1, NOW - 500, NOW - 400), built(2, NOW - 300, NOW - 100)]);
    expect(nearest(column, NOW - 390)?.id).toBe(1);
    expect(nearest(column, NOW - 200)?.id).toBe(2);
    expect(nearest(column, NOW)?.id).toBe(2);
    expect(nearest(new Column(), NOW)).toBeUndefined();
  });

  it('knows how bad every result is, and every state a build can be in', () => {
    expect(SEVERITY.at(-1)).toBe('exception');
    const ranks = ([0, 1, 2, 4] as Results[]).map((results) => rankOf(built(1, 0, 1, results)));
    expect(ranks).toEqual([...ranks].sort((a, b) => a - b));
    expect(statusOfBuilt(built(1, 0, null))).toBe('running');
  });
});

describe('steps and changes', () => {
  it('draws steps within the box of their build', () => {
    const axis: Axis = { edge: NOW, scale: 1, newestTop: true };
    const one = built(1, NOW - 100, NOW - 10);
    const box = { built: one, x: 0, y: 10, width: 80, height: 90 };
    const step = (number: number, start: number | null, end: number | null, hidden = false): Step => ({
      stepid: number, number, name: `step ${number}`, buildid: 1, started_at: start, locks_acquired_at: null, complete: end !== null, complete_at: end, results: 0, state_string: '', urls: [], hidden,
    });
    const found = stepBoxes([step(0, NOW - 100, NOW - 60), step(1, NOW - 60, null), step(2, null, null), step(3, NOW - 50, NOW - 40, true)], axis, box, NOW);
    expect(found.map(({ step: { number }, y, height }) => [number, y, height])).toEqual([[0, 60, 40], [1, 10, 50]]);
  });

  it('puts changes that have no room into one place, and finds them there', () => {
    const axis: Axis = { edge: NOW, scale: 0.1, newestTop: true };
    const change = (changeid: number, at: number) => ({ changeid, when_timestamp: at }) as Parameters<typeof grouped>[0][number];
    const groups = grouped([change(4, NOW - 10), change(3, NOW - 100), change(2, NOW - 1000), change(1, NOW - 1000)], axis);
    expect(groups.map((group) => group.changes.map((one) => one.changeid))).toEqual([[4, 3], [2, 1]]);
    expect(groupAt(groups, yOf(axis, NOW - 1030))?.changes.length).toBe(2);
    expect(groupAt(groups, 60)).toBeUndefined();
  });

  it('cuts what is too long', () => {
    const measure = (text: string): number => text.length * 6;
    expect(fitting('compile', 100, measure)).toBe('compile');
    expect(fitting('compile everything', 60, measure)).toBe('compile e…');
    expect(fitting('compile', 5, measure)).toBe('');
    expect(fitting('x'.repeat(1e5), 60, measure)).toHaveLength(10);
  });

  it('reads colours as browsers tell them', () => {
    expect(readRgb('rgb(1, 20, 255)')).toEqual([1, 20, 255]);
    expect(readRgb('rgba(1, 20, 255, 0.5)')).toEqual([1, 20, 255]);
    expect(readRgb('color(srgb 1 0 0.5)')).toEqual([255, 0, 127.5]);
    expect(readRgb('')).toEqual([128, 128, 128]);
  });
});
