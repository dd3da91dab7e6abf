// @ts-check

/** What the board says in a language of the page. @param {string} language */
export function say(language) {
  return language === 'de' ? de : en;
}

const en = {
  title: 'Pulse',
  full: 'Fill the screen',
  leave: 'Leave',
  /** @param {string} time */
  running: (time) => `running ${time}`,
  /** @param {number} all @param {number} bad @param {number} running */
  counts: (all, bad, running) => `${all} ${all === 1 ? 'builder' : 'builders'}, ${bad === 0 ? 'none' : bad} failing, ${running} running`,
  /** @param {number} count */
  rest: (count) => `${count} more are not shown: choose a tag with #/pulse?tag=NAME.`,
};

/** @type {typeof en} */
const de = {
  title: 'Tafel',
  full: 'Ganzer Bildschirm',
  leave: 'Verlassen',
  running: (time) => `läuft ${time}`,
  counts: (all, bad, running) => `${all} Builder, ${bad === 0 ? 'keiner' : bad} fehlerhaft, ${running} laufend`,
  rest: (count) => `${count} weitere sind nicht zu sehen: mit #/pulse?tag=NAME auswählen.`,
};
