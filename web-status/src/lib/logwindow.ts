/** Height of a line in pixels. */
export const ROW = 18;
/** Lines drawn before and after those in sight. */
export const AHEAD = 30;
/** Browsers cannot lay out boxes of any height: beyond this the scroll position stands for a share of the log. */
export const HIGHEST = 8_000_000;

/** What of a log is drawn, and where. */
export interface LogWindow {
  /** Height of the whole sheet in pixels. */
  height: number;
  /** The first line to draw, from 0, and the end: the line after the last. */
  first: number;
  end: number;
  /** Where the first drawn line goes, in pixels from the sheet's top. */
  offset: number;
}

/** The lines to draw when a box of height `view` is scrolled to `top` in a log of `total` lines. */
export function logWindow(total: number, top: number, view: number): LogWindow {
  const rows = Math.ceil(view / ROW) + 1;
  const full = total * ROW;
  if (full <= HIGHEST) {
    const at = Math.min(Math.floor(Math.max(0, top) / ROW), total);
    const first = Math.max(0, at - AHEAD);
    return { height: full, first, end: Math.min(total, at + rows + AHEAD), offset: first * ROW };
  }
  const share = Math.min(1, Math.max(0, top) / Math.max(1, HIGHEST - view));
  const at = Math.round(share * Math.max(0, total - Math.floor(view / ROW)));
  return { height: HIGHEST, first: at, end: Math.min(total, at + rows), offset: Math.max(0, Math.min(top, HIGHEST - view)) };
}

/** Rows that are printed at the most: a few pages. */
export const PRINTED = 500;

/** The rows to print, from 0, and the one behind: those around row `at` that are `there`, all of a log that is short. */
export function printedRows(total: number, at: number, there: (row: number) => boolean): { first: number; end: number } {
  let first = Math.max(0, Math.min(at, total - 1));
  let end = first;
  while (first > 0 && there(first - 1) && at - first < (total <= PRINTED ? PRINTED : 50)) first--;
  while (end < total && end - first < PRINTED && there(end)) end++;
  return { first, end };
}

/** Where to scroll so that line `n`, from 0, is a little below the top of the box. */
export function scrollTo(total: number, n: number, view: number): number {
  const margin = 3;
  const full = total * ROW;
  if (full <= HIGHEST) return Math.max(0, (n - margin) * ROW);
  return (Math.max(0, n - margin) / Math.max(1, total - Math.floor(view / ROW))) * (HIGHEST - view);
}

/**
 * The same where lines are wrapped, so that nobody knows how high they are: the scroll position stands for the line at the
 * top of the box, and those below it are as high as they are.
 */
export function wrappedWindow(total: number, top: number, view: number): LogWindow {
  const height = wrappedHeight(total, view);
  const at = Math.min(Math.max(0, total - 1), Math.floor((Math.max(0, top) / Math.max(1, height - view)) * Math.max(0, total - 1) + 1e-6));
  return { height, first: at, end: Math.min(total, at + Math.ceil(view / ROW) + 1), offset: Math.max(0, Math.min(top, height - view)) };
}

/** Where to scroll so that the wrapped line `n` is at the top of the box. */
export function wrappedTop(total: number, n: number, view: number): number {
  return total < 2 ? 0 : Math.ceil((n / (total - 1)) * (wrappedHeight(total, view) - view));
}

/** So high that the last line can be at the top. */
function wrappedHeight(total: number, view: number): number {
  return Math.min(Math.max(0, total - 1) * ROW, HIGHEST) + view;
}
