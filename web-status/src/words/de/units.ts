import type { Words } from '../en/index.ts';

export const units: Words['units'] = {
  second: 's',
  minute: 'min',
  hour: 'h',
  day: 'd',
  now: 'gerade eben',
  minutesAgo: (n) => `vor ${n} min`,
  hoursAgo: (n) => `vor ${n} h`,
  daysAgo: (n) => (n === 1 ? 'vor 1 Tag' : `vor ${n} Tagen`),
  since: (when) => `Seit ${when}`,
};
