import type { Words } from '../en/index.ts';

export const projects: Words['projects'] = {
  title: 'Projekte',
  project: 'Projekt',
  thing: 'Die Projekte',
  thisOne: 'Dieses Projekt',
  none: 'Es ist kein Projekt konfiguriert.',
  noneOf: 'Kein Projekt passt dazu.',
  search: 'Nach Namen filtern',
  stands: 'Wie es steht',
  running: 'Läuft',
  failing: (n) => (n === 1 ? '1 Builder schlägt fehl' : `${n} Builder schlagen fehl`),
  fine: 'Alles in Ordnung',
};
