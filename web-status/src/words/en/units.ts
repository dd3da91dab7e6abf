/** How lengths of time and moments are told. */
export const units = {
  second: 's',
  minute: 'm',
  hour: 'h',
  day: 'd',
  now: 'just now',
  minutesAgo: (n: number) => `${n} min ago`,
  hoursAgo: (n: number) => `${n} h ago`,
  daysAgo: (n: number) => `${n} d ago`,
  since: (when: string) => `Since ${when}`,
};
