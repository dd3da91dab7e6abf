// @ts-check
const SVG = 'http://www.w3.org/2000/svg';

/** A shape of its own for each way in which a build can stand, so that nobody has to tell colours apart. In a box of 16 by 16. @type {Record<string, string>} */
const SHAPES = {
  success: 'M3.5 8.5l3 3 6-7', warnings: 'M8 3v6M8 12v.4', failure: 'M4 4l8 8M12 4l-8 8', skipped: 'M4 4l4 4-4 4M12 4v8',
  exception: 'M9 2L5 9h6l-4 5', retry: 'M12 6A5 5 0 1 0 13 10M13 3v4H9', cancelled: 'M3 8h10', running: '', pending: 'M8 4v4l3 2', none: 'M6 8h4',
};

/** A mark, and what lets it show how a build stands, with a ring around it while another one runs. */
export function marks() {
  const shape = document.createElementNS(SVG, 'svg');
  const path = document.createElementNS(SVG, 'path');
  const ring = document.createElementNS(SVG, 'circle');
  for (const [name, value] of [['viewBox', '-4 -4 24 24'], ['aria-hidden', 'true'], ['class', 'mark']]) shape.setAttribute(name ?? '', value ?? '');
  for (const [name, value] of [['cx', '8'], ['cy', '8'], ['r', '10.6'], ['class', 'ring']]) ring.setAttribute(name ?? '', value ?? '');
  shape.append(path, ring);
  return {
    shape,
    /** @param {string} status @param {boolean} running */
    show(status, running) {
      path.setAttribute('d', SHAPES[status] ?? '');
      ring.style.display = running ? '' : 'none';
    },
  };
}
