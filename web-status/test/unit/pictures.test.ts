import { PNG } from 'pngjs';
import { describe, expect, it } from 'vitest';

import { difference, differences } from '../e2e/pictures.ts';
import { numbers } from './random.ts';

type Colour = readonly [number, number, number];
const WHITE: Colour = [255, 255, 255];
const GREEN: Colour = [26, 110, 61];
const RED: Colour = [177, 42, 34];

/** A white picture with a box in it. */
function picture(box: Colour, left = 100, width = 400): PNG {
  const made = new PNG({ width, height: 200 });
  for (let y = 0; y < 200; y++) {
    for (let x = 0; x < width; x++) {
      const within = x >= left && x < left + 40 && y >= 60 && y < 84;
      made.data.set([...(within ? box : WHITE), 255], (y * width + x) * 4);
    }
  }
  return made;
}

describe('pictures', () => {
  it('are the same however they are smoothed', () => {
    const one = picture(GREEN);
    const next = numbers(7);
    for (let at = 0; at < one.data.length; at++) one.data[at] = Math.max(0, Math.min(255, (one.data[at] ?? 0) + Math.round(next() * 24 - 12)));
    expect(difference(one, picture(GREEN))).toBe(0);
  });
  it('differ where a box has another colour, has moved or is gone', () => {
    const box = (40 * 24) / (400 * 200);
    expect(difference(picture(RED), picture(GREEN))).toBeCloseTo(box, 3);
    expect(difference(picture(WHITE), picture(GREEN))).toBeCloseTo(box, 3);
    expect(difference(picture(GREEN, 200), picture(GREEN))).toBeCloseTo(2 * box, 3);
    const shown = differences(picture(RED), picture(GREEN));
    expect([shown.width, shown.height]).toEqual([100, 50]);
  });
  it('differ altogether where their size does', () => {
    expect(difference(picture(GREEN, 100, 401), picture(GREEN))).toBe(1);
  });
});
