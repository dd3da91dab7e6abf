import { counting } from '../count.ts';
import { digits } from '../digits.ts';

const count = counting('en');

export const builders = {
  title: 'Builders',
  thing: 'The builders',
  which: 'Which builders to show',
  shows: { all: 'All', running: 'Running', failing: 'Failing' },
  waiting: (n: number) => `${digits(n, 'en')} waiting`,
  moreRunning: (n: number) => `+ ${digits(n, 'en')} running`,
  idle: 'Idle',
  project: 'Project',
  allProjects: 'All projects',
  groupBy: 'Group by',
  groups: { none: 'Not grouped', project: 'By project', tag: 'By tag' },
  groupless: { project: 'Without a project', tag: 'Without a tag' },
  old: (n: number) => `Also those no longer configured${n > 0 ? ` (${digits(n, 'en')})` : ''}`,
  unconfigured: 'no longer configured',
  filter: 'Filter by name or tag',
  search: 'Filter builders by name or tag',
  none: 'No builder is configured yet.',
  noMatch: 'No builder matches.',
  showAll: 'Show all',
  columns: { name: 'Builder', result: 'Last result', last: 'Last builds', rate: 'Success', now: 'Now', workers: 'Workers', duration: 'Took', started: 'Last started' },
  workersTitle: (online: number, all: number, paused: number) => `${online} of ${count(all, 'worker', 'workers')} connected${paused > 0 ? `, ${paused} paused` : ''}`,
  paused: (n: number) => `${n} paused`,
  rateTitle: (good: number, of: number, way: string | undefined) => `${good} of the last ${count(of, 'build', 'builds')} went well${way === undefined ? '' : `; ${way}`}`,
  trends: { up: 'getting better', down: 'getting worse', level: 'no trend' },
  tags: 'Tags: a click shows only builders with a tag, another one those without it',
  tagTitle: (tag: string) => `Show builders tagged ${tag}; again to leave them out`,
  tagStates: {
    only: 'only these',
    without: 'left out',
  },
  tagClick: { only: 'Leave these out', without: 'Choose neither', any: 'Show only these' },
  allTags: (n: number) => `All ${n} tags`,
  clearTags: 'No tags',
};
