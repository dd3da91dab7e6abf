import type { Status } from './status.ts';

/** The colour of each status: a custom property of the theme, without its dashes. */
export const STATUS_COLOUR: Record<Status, string> = {
  success: 'success', warnings: 'warnings', failure: 'failure', skipped: 'neutral', exception: 'exception',
  retry: 'neutral', cancelled: 'neutral', running: 'running', pending: 'neutral', none: 'neutral',
};

/** Strokes in a 16 x 16 box; every status has a shape of its own. */
export const STATUS_SHAPE: Record<Status, string> = {
  success: 'M4.4 8.4l2.4 2.4 4.8-5.2', warnings: 'M8 4.2v4.4M8 11.3v.2', failure: 'M5.4 5.4l5.2 5.2M10.6 5.4l-5.2 5.2',
  skipped: 'M4.8 5L7.8 8l-3 3M10.6 5v6', exception: 'M9 3.6L5.8 8.6h4.4L7 12.4', retry: 'M11.2 6.4A3.8 3.8 0 1 0 11.8 9M11.8 4v2.6H9.2',
  cancelled: 'M4.8 8h6.4', running: 'M8 2.2a5.8 5.8 0 1 1-5.8 5.8', pending: 'M8 4.8V8l2 1.4', none: 'M6 8h4',
};
