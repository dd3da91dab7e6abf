// A board of all builders for a screen on the wall: `#/pulse`, `#/pulse?tag=linux`, `#/pulse?full=1` without anything else.
// It needs no build and no framework; `config.json` names it: {"views": ["./views/pulse/view.js"]}.
// @ts-check

/** @type {import('../../src/lib/view.ts').OutsideView} */
export default {
  version: 1,
  name: 'pulse',
  paths: ['pulse'],
  nav: { text: (language) => (language === 'de' ? 'Tafel' : 'Pulse'), order: 55, bar: true },
  load: () => import('./board.js'),
};
