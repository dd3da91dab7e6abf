import pixelmatch from 'pixelmatch';
import { PNG } from 'pngjs';

/**
 * Pictures are compared by fields of so many pixels a side: what a machine's fonts and smoothing draw otherwise within one
 * is no difference, and what is of another colour, at another place or not there is one.
 */
const FIELD = 4;
/** How far two colours may be from each other, in 0..1. */
const THRESHOLD = 0.12;

/** Which part of the fields of two pictures differ, in 0..1; pictures of unlike size differ altogether. */
export function difference(one: PNG, other: PNG): number {
  if (one.width !== other.width || one.height !== other.height) return 1;
  const [a, b] = [coarse(one), coarse(other)];
  return pixelmatch(a.data, b.data, undefined, a.width, a.height, { threshold: THRESHOLD, includeAA: true }) / (a.width * a.height);
}

/** A picture of the fields in which two differ, over a pale one of the first. */
export function differences(one: PNG, other: PNG): PNG {
  const [a, b] = [coarse(one), coarse(other)];
  const shown = new PNG({ width: a.width, height: a.height });
  if (a.width === b.width && a.height === b.height) pixelmatch(a.data, b.data, shown.data, a.width, a.height, { threshold: THRESHOLD, includeAA: true });
  return shown;
}

/** A picture in which each field has become one pixel of its mean colour. */
function coarse(picture: PNG): PNG {
  const small = new PNG({ width: Math.ceil(picture.width / FIELD), height: Math.ceil(picture.height / FIELD) });
  for (let y = 0; y < small.height; y++) {
    for (let x = 0; x < small.width; x++) small.data.set(mean(picture, x * FIELD, y * FIELD), (y * small.width + x) * 4);
  }
  return small;
}

function mean({ data, width, height }: PNG, left: number, top: number): number[] {
  const sum = [0, 0, 0];
  let count = 0;
  for (let y = top; y < Math.min(top + FIELD, height); y++) {
    for (let x = left; x < Math.min(left + FIELD, width); x++) {
      for (const part of [0, 1, 2]) sum[part] = (sum[part] ?? 0) + (data[(y * width + x) * 4 + part] ?? 0);
      count++;
    }
  }
  return [...sum.map((one) => Math.round(one / count)), 255];
}
