import type { Words } from '../en/index.ts';

export const status: Words['status'] = {
  success: 'Erfolg',
  warnings: 'Warnungen',
  failure: 'Fehlgeschlagen',
  skipped: 'Übersprungen',
  exception: 'Ausnahme',
  retry: 'Wiederholung',
  cancelled: 'Abgebrochen',
  running: 'Läuft',
  pending: 'Wartet',
  none: 'Keine Builds',
};
