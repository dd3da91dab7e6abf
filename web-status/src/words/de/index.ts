import type { Words } from '../en/index.ts';
import { about } from './about.ts';
import { build } from './build.ts';
import { builder } from './builder.ts';
import { builders } from './builders.ts';
import { buildrequest } from './buildrequest.ts';
import { changes } from './changes.ts';
import { console } from './console.ts';
import { force } from './force.ts';
import { frame } from './frame.ts';
import { grid } from './grid.ts';
import { home } from './home.ts';
import { listeners } from './listeners.ts';
import { log } from './log.ts';
import { masters } from './masters.ts';
import { projects } from './projects.ts';
import { requests } from './requests.ts';
import { schedulers } from './schedulers.ts';
import { settings } from './settings.ts';
import { status } from './status.ts';
import { test } from './test.ts';
import { units } from './units.ts';
import { waterfall } from './waterfall.ts';
import { workers } from './workers.ts';

/** German. */
export const de: Words = {
  about,
  build,
  builder,
  builders,
  buildrequest,
  changes,
  console,
  force,
  frame,
  grid,
  home,
  listeners,
  log,
  masters,
  projects,
  requests,
  schedulers,
  settings,
  status,
  test,
  units,
  waterfall,
  workers,
};
