import { counting } from '../count.ts';

const count = counting('en');

export const test = {
  what: 'The history of this test',
  title: 'Test history',
  none: 'No build of this builder has a result of a test of this name.',
  noName: 'Which test? Its name stands in the address, behind name=.',
  search: 'Name of a test',
  show: 'Show',
  rate: (percent: string, runs: number) => `${percent} passed of the last ${count(runs, 'run')}`,
  since: (number: number) => `It fails since #${number}.`,
  longSince: (number: number) => `It fails since #${number} or longer.`,
  passes: 'It passes.',
  flaky: (n: number) => `It turned ${n} times.`,
  mean: (time: string) => `${time} on the average`,
  runs: 'Runs',
  strip: 'From the oldest to the newest',
  durations: 'How long it took, from the oldest to the newest run',
  build: 'Build',
  result: 'Result',
  duration: 'Duration',
  when: 'When',
  place: 'Place',
  unsupported: 'This server does not list results over all builds.',
};
