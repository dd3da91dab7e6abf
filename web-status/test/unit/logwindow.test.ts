import { describe, expect, it } from 'vitest';

import { HIGHEST, logWindow, PRINTED, printedRows, ROW, scrollTo, wrappedTop, wrappedWindow } from '../../src/lib/logwindow.ts';
import { numbers } from './random.ts';

const VIEW = 400;
const inSight = (total: number, top: number): { first: number; last: number } => {
  const { first, offset } = logWindow(total, top, VIEW);
  return { first: first + (top - offset) / ROW, last: first + (top + VIEW - offset) / ROW };
};

describe('logWindow', () => {
  it('draws a short log whole', () => {
    expect(logWindow(3, 0, VIEW)).toEqual({ height: 54, first: 0, end: 3, offset: 0 });
    expect(logWindow(0, 0, VIEW)).toEqual({ height: 0, first: 0, end: 0, offset: 0 });
  });
  it('covers what is in sight with a bounded number of lines, wherever it is scrolled', () => {
    const random = numbers(3);
    for (const total of [10, 1000, 100_000, 1_000_000, 50_000_000]) {
      const { height } = logWindow(total, 0, VIEW);
      expect(height).toBeLessThanOrEqual(HIGHEST);
      for (let round = 0; round < 200; round++) {
        const top = Math.floor(random() * Math.max(0, height - VIEW));
        const drawn = logWindow(total, top, VIEW);
        expect(drawn.end - drawn.first).toBeLessThan(100);
        expect(drawn.first).toBeGreaterThanOrEqual(0);
        expect(drawn.end).toBeLessThanOrEqual(total);
        const sight = inSight(total, top);
        expect(drawn.first).toBeLessThanOrEqual(Math.max(0, sight.first));
        expect(drawn.end).toBeGreaterThanOrEqual(Math.min(total, Math.floor(sight.last)));
      }
    }
  });
  it('reaches the last line of a log of any size', () => {
    for (const total of [30, 444_444, 444_445, 10_000_000]) {
      const { height } = logWindow(total, 0, VIEW);
      expect(logWindow(total, height - VIEW, VIEW).end).toBe(total);
    }
  });
});

describe('scrollTo', () => {
  it('brings a line into sight in a log of any size', () => {
    for (const total of [100, 100_000, 3_000_000]) {
      for (const line of [0, 57, Math.floor(total / 3), total - 1]) {
        const { height } = logWindow(total, 0, VIEW);
        const top = Math.min(scrollTo(total, line, VIEW), Math.max(0, height - VIEW));
        const sight = inSight(total, top);
        expect(line).toBeGreaterThanOrEqual(Math.floor(sight.first));
        expect(line).toBeLessThan(sight.last);
      }
    }
  });
});

describe('wrappedWindow', () => {
  it('has the line that was scrolled to at its top, in a log of any size', () => {
    for (const total of [2, 100, 100_000, 400_000]) {
      for (const line of [0, 1, Math.floor(total / 3), total - 1]) {
        const drawn = wrappedWindow(total, wrappedTop(total, line, VIEW), VIEW);
        expect(drawn.first).toBe(line);
        expect(drawn.offset).toBe(wrappedTop(total, line, VIEW));
        expect(drawn.end).toBeLessThanOrEqual(total);
      }
    }
    expect(wrappedWindow(0, 0, VIEW)).toMatchObject({ first: 0, end: 0 });
    expect(wrappedWindow(3_000_000, wrappedTop(3_000_000, 2_999_999, VIEW), VIEW).first).toBe(2_999_999);
    expect(wrappedWindow(3_000_000, HIGHEST * 2, VIEW).end).toBe(3_000_000);
  });
});

describe('printedRows', () => {
  it('are all of a short log, and of a long one those that are there around a row', () => {
    expect(printedRows(35, 20, () => true)).toEqual({ first: 0, end: 35 });
    expect(printedRows(0, 0, () => true)).toEqual({ first: 0, end: 0 });
    expect(printedRows(100_000, 5000, () => true)).toEqual({ first: 4950, end: 4950 + PRINTED });
    expect(printedRows(100_000, 5000, (row) => row >= 4990 && row < 5200)).toEqual({ first: 4990, end: 5200 });
    expect(printedRows(100_000, 5000, () => false)).toEqual({ first: 5000, end: 5000 });
  });
});
