import type { Words } from '../en/index.ts';

export const frame: Words['frame'] = {
  builders: 'Builder',
  changes: 'Änderungen',
  main: 'Hauptbereich',
  skip: 'Zum Inhalt',
  workers: 'Worker',
};
