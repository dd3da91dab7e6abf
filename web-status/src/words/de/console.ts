import type { Words } from '../en/index.ts';

export const console: Words['console'] = {
  title: 'Konsole',
  what: 'Die Konsole',
  label: 'Ergebnisse der Builder nach Änderung',
  changes: (n) => (n === 1 ? '1 Änderung' : `${n} Änderungen`),
  change: (name) => `Änderung ${name}`,
  limit: 'Änderungen auf einmal',
  empty: 'Von dem Gewählten ist noch keine Änderung bekannt.',
  older: 'Ältere Änderungen werden geladen…',
  olderMore: 'Ältere Änderungen',
  withChangeless: 'Builds ohne Änderung',
  changeless: 'Keine Änderung bekannt',
  start: 'Es gibt keine älteren Änderungen.',
  fold: (tag, n) => `${tag} zuklappen, ${n} Builder`,
  unfold: (tag, n) => `${tag} aufklappen, ${n} Builder`,
  foldAll: 'Alle zuklappen',
  unfoldAll: 'Alle aufklappen',
  details: (subject) => `Einzelheiten von ${subject}`,
  group: (tag) => `Gruppe ${tag}`,
  bad: (n) => (n === 1 ? '1 Builder ist fehlgeschlagen' : `${n} Builder sind fehlgeschlagen`),
  more: (n) => `und ${n} weitere Builder`,
};
