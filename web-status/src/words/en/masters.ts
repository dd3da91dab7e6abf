/** Masters. */
export const masters = {
  title: 'Masters',
  thing: 'The masters',
  none: 'No master has been seen yet.',
  name: 'Master',
  state: 'State',
  active: 'Running',
  stopped: 'Stopped',
  workers: 'Workers connected',
  seen: 'Last active',
  now: 'now',
};
