import type { Words } from '../en/index.ts';

export const schedulers: Words['schedulers'] = {
  title: 'Scheduler',
  thing: 'Die Scheduler',
  none: 'Noch ist kein Scheduler konfiguriert.',
  noneOf: 'Kein Scheduler passt dazu.',
  search: 'Nach Namen filtern',
  enabledOf: (n, of) => `${n} von ${of} eingeschaltet`,
  name: 'Scheduler',
  state: 'Zustand',
  byHand: 'Von Hand',
  enabled: 'Eingeschaltet',
  disabled: 'Ausgeschaltet',
  noMaster: 'kein Master führt ihn aus',
  enable: 'Einschalten',
  disable: 'Ausschalten',
  switchOf: (name) => `${name} eingeschaltet`,
  builders: (n) => `${n} Builder`,
  asked: (builder) => `Ein Build von ${builder} wurde angefordert:`,
};
