import type { Words } from '../en/index.ts';

export const force: Words['force'] = {
  asking: 'Wird angefragt…',
  start: 'Build starten',
  required: 'nötig',
  optional: '(freiwillig)',
  reason: 'Grund',
  noReason: 'auf der Web-Seite verlangt',
  username: 'Name <name@example.org>',
  needed: 'Hier fehlt ein Wert.',
  noNumber: 'Das muss eine ganze Zahl sein.',
  tooLong: (most) => `Höchstens ${most} Zeichen.`,
};
