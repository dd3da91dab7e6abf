import { SvelteSet } from 'svelte/reactivity';

import { headerSections, RowMap, sectionsOf, type Section } from './logfolds.ts';
import type { Finding } from './logfind.svelte.ts';
import { CHUNK, type LogLines } from './loglines.svelte.ts';
import { problemOf, sectionOf, type Problem } from './logmarks.ts';

/** What the marks of a log say: its sections, which of them are folded, and the lines that tell of problems. */
export class Sections {
  readonly #lines: LogLines;
  readonly #marks: () => Finding | undefined;
  /** First lines of sections that the reader folded or unfolded. */
  readonly #turned = new SvelteSet<number>();
  readonly #marked = $derived.by(() => (this.#marks()?.hits ?? []).flatMap(({ line, text }) => {
    const mark = sectionOf(text);
    return mark ? [{ line, mark }] : [];
  }));
  readonly #headers: Section[] = $derived.by(() => {
    if (!this.#marks()) return [];
    const first = Array.from({ length: Math.min(CHUNK, this.#lines.total) }, (_, at) => this.#lines.line(at));
    return headerSections(first.map((line) => line?.stream), (at) => first[at]?.text ?? '');
  });
  /** All sections, by their first lines. */
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- made anew, never changed
  readonly all: ReadonlyMap<number, Section> = $derived.by(() => new Map([...this.#headers, ...sectionsOf(this.#marked, this.#lines.total)].map((section) => [section.first, section])));
  /** Lines that tell of problems. */
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- made anew, never changed
  readonly problems: ReadonlyMap<number, Problem> = $derived.by(() => new Map((this.#marks()?.hits ?? []).flatMap(({ line, text }) => {
    const problem = problemOf(text);
    return problem ? [[line, problem] as const] : [];
  })));
  readonly errors: readonly number[] = $derived([...this.problems].filter(([, problem]) => problem === 'error').map(([line]) => line));
  readonly warnings: readonly number[] = $derived([...this.problems].filter(([, problem]) => problem === 'warning').map(([line]) => line));
  readonly map: RowMap = $derived.by(() => new RowMap(this.#lines.total, [...this.all.values()].filter((section) => this.isFolded(section))));

  constructor(lines: LogLines, marks: () => Finding | undefined) {
    this.#lines = lines;
    this.#marks = marks;
  }

  /** Whether only the first line of the section is shown. */
  isFolded({ first, collapsed }: Section): boolean {
    return this.#turned.has(first) !== collapsed;
  }

  /** Folds or unfolds the section that begins with the line. */
  turn(first: number): void {
    if (!this.#turned.delete(first)) this.#turned.add(first);
  }

  /** Whether every section is folded. */
  readonly allFolded: boolean = $derived.by(() => this.all.size > 0 && [...this.all.values()].every((section) => this.isFolded(section)));

  /** Folds all sections, or unfolds them. */
  turnAll(): void {
    const wanted = !this.allFolded;
    for (const section of this.all.values()) if (this.isFolded(section) !== wanted) this.turn(section.first);
  }

  /** Unfolds what hides the line. */
  reveal(line: number): void {
    for (const section of this.all.values()) {
      if (line > section.first && line <= section.last && this.isFolded(section)) this.turn(section.first);
    }
  }
}
