import { STATUS_COLOUR } from '../../lib/shape.ts';
import { isBad, type Status } from '../../lib/status.ts';

/** The theme's colours, as a canvas takes them. */
export interface Palette {
  ground: string;
  panel: string;
  raised: string;
  line: string;
  strong: string;
  text: string;
  soft: string;
  accent: string;
  onMark: string;
  /** The colour of a result. */
  of: Record<Status, string>;
  /** Of a bar that has no room for more: what is well stands back. */
  bar: Record<Status, string>;
  /** The same mixed into the panel, as a ground for text. */
  pale: Record<Status, string>;
  /** What lies over the colour, so that a result is told without it. */
  hatch: Partial<Record<Status, CanvasPattern>>;
  font: string;
}

/** How much of the colour is in the ground of a box: what is bad stands out. */
const SHARE: Partial<Record<Status, number>> = { warnings: 0.3, success: 0.2, running: 0.24 };
/** How much of its colour a bar has that stands back. */
const BACK = 0.6;
const STATUSES = Object.keys(STATUS_COLOUR) as Status[];

/**
 * Reads the theme's colours, which are CSS custom properties: only a computed value says what they are in this theme. `probe`
 * is an element for that, within what is drawn.
 */
export function readPalette(probe: HTMLElement, ratio: number): Palette {
  const computed = getComputedStyle(probe);
  const colour = (name: string): Rgb => {
    probe.style.color = `var(--${name})`;
    return readRgb(computed.color);
  };
  const panel = colour('panel');
  const all = Object.fromEntries(STATUSES.map((status) => [status, colour(STATUS_COLOUR[status])])) as Record<Status, Rgb>;
  const per = <T>(make: (status: Status) => T): Record<Status, T> => Object.fromEntries(STATUSES.map((one) => [one, make(one)])) as Record<Status, T>;
  return {
    ground: css(colour('bg')), panel: css(panel), raised: css(colour('raised')), line: css(colour('line')), strong: css(colour('line-strong')),
    text: css(colour('text')), soft: css(colour('soft')), accent: css(colour('accent')), onMark: css(colour('on-mark')),
    of: per((status) => css(all[status])),
    bar: per((status) => css(mix(panel, all[status], isBad(status) || status === 'warnings' ? 1 : BACK))),
    pale: per((status) => css(mix(panel, all[status], SHARE[status] ?? 0.12))),
    hatch: hatches(all, colour('on-mark'), ratio),
    font: computed.fontFamily,
  };
}

export type Rgb = readonly [number, number, number];

/** Reads `rgb(1, 2, 3)`, `rgb(1 2 3 / 1)` or `color(srgb 0.1 0.2 0.3)`; what is none of these is grey. */
export function readRgb(text: string): Rgb {
  const numbers = (/\(([^)]*)\)/.exec(text)?.[1] ?? '').match(/-?\d*\.?\d+(?:e-?\d+)?/g)?.map(Number) ?? [];
  const [r, g, b] = numbers;
  if (r === undefined || g === undefined || b === undefined) return [128, 128, 128];
  return text.startsWith('color(') ? [r * 255, g * 255, b * 255] : [r, g, b];
}

/** `share` of the second colour in the first. */
export function mix(one: Rgb, other: Rgb, share: number): Rgb {
  return [0, 1, 2].map((i) => (one[i] as number) * (1 - share) + (other[i] as number) * share) as unknown as Rgb;
}

function css([r, g, b]: Rgb): string {
  return `rgb(${Math.round(r)}, ${Math.round(g)}, ${Math.round(b)})`;
}

/** Lines one way for failures, both ways for exceptions, points for warnings: nobody needs the colour to tell them apart. */
function hatches(all: Record<Status, Rgb>, light: Rgb, ratio: number): Palette['hatch'] {
  const size = Math.max(4, Math.round(6 * ratio));
  const pattern = (colour: Rgb, share: number, draw: (to: CanvasRenderingContext2D) => void): CanvasPattern | undefined => {
    const tile = document.createElement('canvas');
    tile.width = tile.height = size;
    const to = tile.getContext('2d');
    if (!to) return undefined;
    to.strokeStyle = to.fillStyle = css(colour);
    to.globalAlpha = share;
    to.lineWidth = Math.max(1, ratio);
    draw(to);
    const made = to.createPattern(tile, 'repeat');
    // Patterns count the canvas's own pixels, not those of the page.
    made?.setTransform(new DOMMatrix().scale(1 / ratio));
    return made ?? undefined;
  };
  const rising = (to: CanvasRenderingContext2D): void => line(to, [[-1, 1, 1, -1], [0, size, size, 0], [size - 1, size + 1, size + 1, size - 1]]);
  const falling = (to: CanvasRenderingContext2D): void => line(to, [[-1, size - 1, 1, size + 1], [0, 0, size, size], [size - 1, -1, size + 1, 1]]);
  const found: [Status, CanvasPattern | undefined][] = [
    ['failure', pattern(light, 0.5, rising)],
    ['exception', pattern(light, 0.55, (to) => (rising(to), falling(to)))],
    ['warnings', pattern(all.warnings, 0.55, (to) => to.fillRect(size / 2 - 1, size / 2 - 1, Math.max(1.5, 1.5 * ratio), Math.max(1.5, 1.5 * ratio)))],
  ];
  return Object.fromEntries(found.filter(([, made]) => made !== undefined));
}

function line(to: CanvasRenderingContext2D, lines: readonly (readonly [number, number, number, number])[]): void {
  to.beginPath();
  for (const [x, y, x2, y2] of lines) {
    to.moveTo(x, y);
    to.lineTo(x2, y2);
  }
  to.stroke();
}

/** Calls when the colours may have changed: another theme, another look of the system, another screen's pixels. */
export function watchTheme(changed: () => void): () => void {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const contrast = matchMedia('(prefers-contrast: more)');
  const observer = new MutationObserver(changed);
  observer.observe(document.documentElement, { attributes: true });
  for (const query of [dark, contrast]) query.addEventListener('change', changed);
  return () => {
    observer.disconnect();
    for (const query of [dark, contrast]) query.removeEventListener('change', changed);
  };
}
