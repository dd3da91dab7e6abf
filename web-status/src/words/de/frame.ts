import type { Words } from '../en/index.ts';

export const frame: Words['frame'] = {
  about: 'Über',
  builders: 'Builder',
  changes: 'Änderungen',
  console: 'Konsole',
  grid: 'Raster',
  home: 'Start',
  masters: 'Master',
  projects: 'Projekte',
  requests: 'Anforderungen',
  schedulers: 'Scheduler',
  settings: 'Einstellungen',
  tgrid: 'Gedrehtes Raster',
  waterfall: 'Wasserfall',
  workers: 'Worker',

  main: 'Hauptbereich',
  menu: 'Menü',
  more: 'Mehr',
  skip: 'Zum Inhalt',

  again: 'Noch einmal versuchen',
  brokenStart: 'Diese Seite kann nicht starten',
  brokenPanel: 'Dieser Teil der Seite konnte nicht angezeigt werden',
  brokenView: 'Diese Seite konnte nicht angezeigt werden',
  brokenAbout: 'Das ist ein Fehler der Seite, nicht der Builds. Die anderen Teile laufen weiter.',
  reload: 'Seite neu laden',
  loadFailed: 'Diese Seite konnte nicht geladen werden',
  loadFailedAbout: 'Vielleicht wurde der Web-Status seit dem Öffnen durch eine andere Fassung ersetzt, oder das Netz ist weg. Neu laden holt, was es jetzt gibt.',
};
