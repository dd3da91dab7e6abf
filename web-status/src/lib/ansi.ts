/** A colour: one of the 16 of the theme by number, or fixed. */
export type Colour = number | `#${string}`;

/** A run of text in one style. */
export interface Run {
  text: string;
  fg?: Colour;
  bg?: Colour;
  bold?: true;
  dim?: true;
  italic?: true;
  underline?: true;
  strike?: true;
  inverse?: true;
}
type Style = Omit<Run, 'text'>;

// Every escape sequence: CSI, OSC up to BEL or ST, and the two-character ones. Only CSI … m means something here.
// eslint-disable-next-line no-control-regex
const ESCAPE = /\x1b\[([0-?]*)[ -/]*([@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-Z\\^-~]|\x1b/g;
// eslint-disable-next-line no-control-regex
const CONTROL = /[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f]/g;

/** Splits a line into runs by its SGR sequences; all other control characters are left out. Styles end with the line. */
export function parseAnsi(raw: string): Run[] {
  const line = lastOverwrite(raw);
  const runs: Run[] = [];
  let style: Style = {};
  let at = 0;
  const push = (text: string): void => {
    const clean = text.replace(CONTROL, '');
    if (clean !== '') runs.push({ text: clean, ...style });
  };
  for (const match of line.matchAll(ESCAPE)) {
    push(line.slice(at, match.index));
    at = match.index + match[0].length;
    if (match[2] === 'm') style = sgr(style, match[1] ?? '');
  }
  push(line.slice(at));
  return runs;
}

/** A line without its escape sequences and the carriage returns at its end: what a search looks at. */
export function plainText(raw: string): string {
  return raw.replace(/\r+$/, '').replace(ESCAPE, '');
}

/** Takes runs apart where marked places begin and end: places in the text of all of them together, in UTF-16 units. */
export function markRuns(runs: readonly Run[], marked: readonly (readonly [number, number])[]): { run: Run; marked: boolean }[] {
  const out: { run: Run; marked: boolean }[] = [];
  let at = 0;
  for (const run of runs) {
    const end = at + run.text.length;
    let from = at;
    const push = (to: number, mark: boolean): void => {
      if (to > from) out.push({ run: { ...run, text: run.text.slice(from - at, to - at) }, marked: mark });
      from = Math.max(from, to);
    };
    for (const [begin, stop] of marked) {
      if (stop <= from || begin >= end) continue;
      push(Math.max(begin, from), false);
      push(Math.min(stop, end), true);
    }
    push(end, false);
    at = end;
  }
  return out;
}

/** Progress bars write a line again and again after a carriage return: a terminal shows the last writing. */
function lastOverwrite(line: string): string {
  const trimmed = line.replace(/\r+$/, '');
  return trimmed.slice(trimmed.lastIndexOf('\r') + 1);
}

const ON: Record<number, Style> = {
  1: { bold: true }, 2: { dim: true }, 3: { italic: true }, 4: { underline: true }, 7: { inverse: true }, 9: { strike: true },
};
const OFF: Record<number, (keyof Style)[]> = {
  22: ['bold', 'dim'], 23: ['italic'], 24: ['underline'], 27: ['inverse'], 29: ['strike'], 39: ['fg'], 49: ['bg'],
};

function sgr(before: Style, parameters: string): Style {
  const codes = parameters.split(/[;:]/).map((code) => (code === '' ? 0 : Number(code)));
  let style: Style = { ...before };
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i] ?? 0;
    if (code === 0) style = {};
    else if (ON[code]) style = { ...style, ...ON[code] };
    else if (OFF[code]) style = without(style, OFF[code]);
    else if (code >= 30 && code <= 37) style.fg = code - 30;
    else if (code >= 40 && code <= 47) style.bg = code - 40;
    else if (code >= 90 && code <= 97) style.fg = code - 82;
    else if (code >= 100 && code <= 107) style.bg = code - 92;
    else if (code === 38 || code === 48) {
      const [colour, used] = extended(codes, i + 1);
      if (colour !== undefined) style[code === 38 ? 'fg' : 'bg'] = colour;
      i += used;
    }
  }
  return style;
}

function without(style: Style, off: (keyof Style)[]): Style {
  return Object.fromEntries(Object.entries(style).filter(([key]) => !off.includes(key as keyof Style)));
}

/** The colour after 38 or 48 (`5;n` or `2;r;g;b`) and the number of codes that it took. */
function extended(codes: number[], at: number): [Colour | undefined, number] {
  if (codes[at] === 5) return [indexed(codes[at + 1] ?? NaN), 2];
  if (codes[at] !== 2) return [undefined, 1];
  const rgb = codes.slice(at + 1, at + 4);
  return [rgb.length === 3 && rgb.every((c) => c >= 0 && c <= 255) ? hex(rgb) : undefined, 4];
}

function indexed(n: number): Colour | undefined {
  if (!(n >= 0 && n <= 255)) return undefined;
  if (n < 16) return n;
  if (n >= 232) return hex(Array<number>(3).fill(8 + (n - 232) * 10));
  const cube = n - 16;
  const level = (v: number): number => (v === 0 ? 0 : 55 + v * 40);
  return hex([level(Math.floor(cube / 36)), level(Math.floor(cube / 6) % 6), level(cube % 6)]);
}

function hex(rgb: number[]): Colour {
  return `#${rgb.map((c) => c.toString(16).padStart(2, '0')).join('')}`;
}

/** A colour for CSS. */
export function css(colour: Colour | undefined): string | undefined {
  return typeof colour === 'number' ? `var(--ansi-${colour})` : colour;
}
