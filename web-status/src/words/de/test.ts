import { counting } from '../count.ts';
import type { Words } from '../en/index.ts';

const count = counting('de');

export const test: Words['test'] = {
  what: 'Der Verlauf dieses Tests',
  title: 'Verlauf eines Tests',
  none: 'Kein Build dieses Builders hat ein Ergebnis eines Tests dieses Namens.',
  noName: 'Welcher Test? Sein Name steht in der Adresse, hinter name=.',
  search: 'Name eines Tests',
  show: 'Zeigen',
  rate: (percent, runs) => `${percent} der letzten ${count(runs, 'Ausführung', 'Ausführungen')} bestanden`,
  since: (number) => `Er schlägt seit #${number} fehl.`,
  longSince: (number) => `Er schlägt seit #${number} oder länger fehl.`,
  passes: 'Er wird bestanden.',
  flaky: (n) => `Er hat ${n}-mal gewechselt.`,
  mean: (time) => `im Mittel ${time}`,
  runs: 'Ausführungen',
  strip: 'Von der ältesten zur neuesten',
  durations: 'Wie lange er dauerte, von der ältesten zur neuesten Ausführung',
  build: 'Build',
  result: 'Ergebnis',
  duration: 'Dauer',
  when: 'Wann',
  place: 'Ort',
  unsupported: 'Dieser Server nennt keine Ergebnisse über alle Builds hinweg.',
};
