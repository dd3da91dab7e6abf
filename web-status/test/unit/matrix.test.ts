import { describe, expect, it, vi } from 'vitest';

import { inSight, move, offsets, shorten, withPinned, type Shape } from '../../src/lib/matrix.ts';
import { Pace } from '../../src/lib/pace.ts';

describe('lines in sight', () => {
  const starts = offsets([10, 10, 50, 10, 10]);
  it('are those that the window meets', () => {
    expect(starts).toEqual([0, 10, 20, 70, 80, 90]);
    expect(inSight(starts, 0, 9, 0)).toEqual([0, 1]);
    expect(inSight(starts, 12, 30, 0)).toEqual([1, 3]);
    expect(inSight(starts, 69, 70, 0)).toEqual([2, 4]);
    expect(inSight(starts, 85, 900, 1)).toEqual([3, 5]);
    expect(inSight(offsets([]), 0, 100, 3)).toEqual([0, 0]);
  });
  it('have the one of the focus with them, wherever it is', () => {
    expect(withPinned([3, 5], 1, 9)).toEqual([1, 3, 4]);
    expect(withPinned([3, 5], 8, 9)).toEqual([3, 4, 8]);
    expect(withPinned([3, 5], 4, 9)).toEqual([3, 4]);
    expect(withPinned([3, 5], 9, 9)).toEqual([3, 4]);
    expect(withPinned([3, 5], -1, 9)).toEqual([3, 4]);
  });
});

describe('keys in a table', () => {
  const shape: Shape = {
    rows: 4, columns: 6, headers: 2, page: 2,
    span: (row, column) => (row === -2 ? (column < 3 ? [0, 2] : [3, 5]) : [column, column]),
  };
  const go = (row: number, column: number, key: string, control = false): unknown => {
    const next = move({ row, column }, key, control, shape);
    return next && [next.row, next.column];
  };
  it('lead to the neighbours, the headers and the ends', () => {
    expect(go(1, 1, 'ArrowRight')).toEqual([1, 2]);
    expect(go(0, 1, 'ArrowUp')).toEqual([-1, 1]);
    expect(go(0, 0, 'ArrowLeft')).toEqual([0, -1]);
    expect(go(2, 3, 'Home')).toEqual([2, 0]);
    expect(go(2, 3, 'End', true)).toEqual([3, 5]);
    expect(go(0, 0, 'PageDown')).toEqual([2, 0]);
    expect(go(3, 0, 'PageDown')).toEqual([3, 0]);
  });
  it('go over bands by the whole, and nowhere beyond the edge', () => {
    expect(go(-2, 1, 'ArrowRight')).toEqual([-2, 3]);
    expect(go(-2, 4, 'ArrowLeft')).toEqual([-2, 2]);
    expect(go(-2, 4, 'ArrowUp')).toBeUndefined();
    expect(go(-1, 0, 'ArrowLeft')).toBeUndefined();
    expect(go(3, 5, 'ArrowRight')).toBeUndefined();
    expect(go(0, -1, 'ArrowUp')).toBeUndefined();
    expect(go(0, 0, 'x')).toBeUndefined();
  });
});

it('shortens names in their middle', () => {
  expect(shorten('style', 8)).toBe('style');
  expect(shorten('linux-gcc-debug', 9)).toBe('linu…ebug');
  expect(shorten('äöüäöü', 4)).toBe('ä…öü');
});

it('answers a burst once, and what comes without end in measure', async () => {
  vi.useFakeTimers();
  try {
    let runs = 0;
    const pace = new Pace(() => void runs++, 50, 1000);
    for (let i = 0; i < 100; i++) pace.ask();
    await vi.advanceTimersByTimeAsync(50);
    expect(runs).toBe(1);
    for (let i = 0; i < 30; i++) {
      pace.ask();
      await vi.advanceTimersByTimeAsync(100);
    }
    expect(runs).toBeLessThanOrEqual(4);
    expect(runs).toBeGreaterThanOrEqual(3);
    pace.stop();
    await vi.advanceTimersByTimeAsync(5000);
    expect(runs).toBeLessThanOrEqual(4);
  } finally {
    vi.useRealTimers();
  }
});
