import type { Words } from '../en/index.ts';

export const masters: Words['masters'] = {
  title: 'Master',
  thing: 'Die Master',
  none: 'Noch wurde kein Master gesehen.',
  name: 'Master',
  state: 'Zustand',
  active: 'Läuft',
  stopped: 'Beendet',
  workers: 'Verbundene Worker',
  seen: 'Zuletzt aktiv',
  now: 'jetzt',
};
