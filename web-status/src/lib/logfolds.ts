import type { SectionMark } from './logmarks.ts';

/** A part of a log that can be folded away: its first line stays. Lines are counted from 0, both are included. */
export interface Section {
  first: number;
  last: number;
  title: string;
  /** Whether it is folded unless the reader unfolds it. */
  collapsed: boolean;
}

/** Sections beyond so many are not made: nobody unfolds them. */
const MOST = 2000;
/** A run of so many header lines is a section. */
const HEADERS = 5;

/** The sections that marks make, given in the order of their lines. One that does not end goes to the end of the log. */
export function sectionsOf(marks: readonly { line: number; mark: SectionMark }[], total: number): Section[] {
  const sections: Section[] = [];
  const open: { name: string; section: Section }[] = [];
  for (const { line, mark } of marks) {
    if (mark.kind === 'open') {
      if (sections.length >= MOST) break;
      const section = { first: line, last: total - 1, title: mark.title, collapsed: mark.collapsed };
      // GitHub's groups do not nest: one ends where the next begins.
      if (mark.name === '' && open.at(-1)?.name === '') close(open, open.length - 1, line - 1);
      open.push({ name: mark.name, section });
      sections.push(section);
      continue;
    }
    const at = open.findLastIndex(({ name }) => name === mark.name);
    // What is within it and did not end, ends with it.
    if (at >= 0) close(open, at, line);
  }
  return sections.filter(({ first, last }) => last > first);
}

function close(open: { section: Section }[], from: number, last: number): void {
  for (const { section } of open.splice(from)) section.last = last;
}

/** The runs of header lines among the first lines of a log: what the master says of a command and its environment. */
export function headerSections(streams: readonly (string | undefined)[], titles: (at: number) => string): Section[] {
  const sections: Section[] = [];
  for (let at = 0; at < streams.length; at++) {
    if (streams[at] !== 'h') continue;
    let end = at;
    while (streams[end + 1] === 'h') end++;
    if (end - at + 1 >= HEADERS) sections.push({ first: at, last: end, title: titles(at), collapsed: false });
    at = end;
  }
  return sections;
}

/** Which row a line is drawn in, and which line a row shows, where some lines are folded away. */
export class RowMap {
  /** How many rows there are. */
  readonly rows: number;
  /** Hidden lines, in their order, apart from each other, with the number of lines hidden before each. */
  readonly #hidden: { first: number; last: number; before: number }[] = [];

  /** `folded` are the sections that are folded, in any order. */
  constructor(total: number, folded: readonly Pick<Section, 'first' | 'last'>[]) {
    let before = 0;
    for (const { first, last } of folded.toSorted((a, b) => a.first - b.first)) {
      const [from, to] = [first + 1, Math.min(last, total - 1)];
      const previous = this.#hidden.at(-1);
      if (from > to || (previous && to <= previous.last)) continue;
      const begin = previous && from <= previous.last ? previous.last + 1 : from;
      this.#hidden.push({ first: begin, last: to, before });
      before += to - begin + 1;
    }
    this.rows = Math.max(0, total - before);
  }

  /** The line that row `row` shows. */
  line(row: number): number {
    const gap = this.#last(({ first, before }) => first - before <= row);
    return gap ? row + gap.before + gap.last - gap.first + 1 : row;
  }

  /** The row of line `line`; of a hidden line that of the line it is folded into. */
  row(line: number): number {
    const gap = this.#last(({ first }) => first <= line);
    if (!gap) return line;
    return line <= gap.last ? gap.first - gap.before - 1 : line - gap.before - (gap.last - gap.first + 1);
  }

  /** The last gap that `holds`, of gaps of which the first ones do. */
  #last(holds: (gap: { first: number; last: number; before: number }) => boolean): { first: number; last: number; before: number } | undefined {
    let [low, high] = [0, this.#hidden.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const gap = this.#hidden[middle];
      if (gap && holds(gap)) low = middle + 1;
      else high = middle;
    }
    return this.#hidden[low - 1];
  }
}
