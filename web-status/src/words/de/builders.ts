import { counting } from '../count.ts';
import { digits } from '../digits.ts';
import type { Words } from '../en/index.ts';

const count = counting('de');

export const builders: Words['builders'] = {
  title: 'Builder',
  thing: 'Die Builder',
  which: 'Welche Builder zu sehen sind',
  shows: { all: 'Alle', running: 'Laufende', failing: 'Fehlgeschlagene' },
  waiting: (n) => `${digits(n, 'de')} ${n === 1 ? 'wartet' : 'warten'}`,
  moreRunning: (n) => `+ ${digits(n, 'de')} ${n === 1 ? 'läuft' : 'laufen'}`,
  idle: 'Untätig',
  project: 'Projekt',
  allProjects: 'Alle Projekte',
  groupBy: 'Gruppieren',
  groups: { none: 'Nicht gruppiert', project: 'Nach Projekt', tag: 'Nach Tag' },
  groupless: { project: 'Ohne Projekt', tag: 'Ohne Tag' },
  old: (n) => `Auch nicht mehr konfigurierte${n > 0 ? ` (${digits(n, 'de')})` : ''}`,
  unconfigured: 'nicht mehr konfiguriert',
  filter: 'Nach Name oder Tag',
  search: 'Builder nach Name oder Tag filtern',
  none: 'Es ist noch kein Builder konfiguriert.',
  noMatch: 'Kein Builder passt.',
  showAll: 'Alle zeigen',
  columns: { name: 'Builder', result: 'Ergebnis', last: 'Letzte Builds', rate: 'Erfolg', now: 'Jetzt', workers: 'Worker', duration: 'Dauer', started: 'Zuletzt begonnen' },
  workersTitle: (online, all, paused) => `${online} von ${count(all, 'Worker', 'Workern')} verbunden${paused > 0 ? `, ${paused} pausiert` : ''}`,
  paused: (n) => `${n} pausiert`,
  rateTitle: (good, of, way) => `${good} von ${of === 1 ? 'einem letzten Build' : `den letzten ${digits(of, 'de')} Builds`} gelungen${way === undefined ? '' : `; ${way}`}`,
  trends: { up: 'wird besser', down: 'wird schlechter', level: 'gleichbleibend' },
  tags: 'Tags: ein Klick zeigt nur Builder mit dem Tag, noch einer die ohne ihn',
  tagTitle: (tag) => `Builder mit dem Tag ${tag} zeigen; noch einmal, um sie wegzulassen`,
  tagStates: {
    only: 'nur diese',
    without: 'weggelassen',
  },
  tagClick: { only: 'Diese weglassen', without: 'Nicht mehr wählen', any: 'Nur diese zeigen' },
  allTags: (n) => `Alle ${n} Tags`,
  clearTags: 'Keine Tags',
};
