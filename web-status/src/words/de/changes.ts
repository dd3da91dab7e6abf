import { digits } from '../digits.ts';
import type { Words } from '../en/index.ts';

export const changes: Words['changes'] = {
  title: 'Änderungen',
  thing: 'Die Änderungen',
  thisOne: 'Diese Änderung',
  none: 'Noch wurde keine Änderung gesehen.',
  noneOf: 'Keine Änderung passt dazu.',
  filter: 'Änderungen filtern',
  filters: { author: 'Autor', comments: 'Kommentar', branch: 'Branch', codebase: 'Codebase', project: 'Projekt' },
  older: 'Ältere Änderungen',
  revision: 'Revision',
  author: 'Autor',
  when: 'Wann',
  facts: { branch: 'Branch', codebase: 'Codebase', project: 'Projekt', repository: 'Repository', category: 'Kategorie' },
  files: (n) => (n === 1 ? '1 Datei' : `${digits(n, 'de')} Dateien`),
  builds: 'Builds dieser Änderung',
  noBuilds: 'Von dieser Änderung wurde noch nichts gebaut.',
  show: 'Ihre Builds',
};
