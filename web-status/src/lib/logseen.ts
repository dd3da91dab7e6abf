import type { Finding } from './logfind.svelte.ts';
import { expressionOf } from './logseek.ts';

/** Where in the lines in sight something is found. */
export interface Highlight {
  /** Whether something is found in line `n`, from 0. */
  has: (n: number) => boolean;
  /** Finds the places in what is seen of line `n`, in UTF-16 units; undefined where nothing is found. */
  places: (n: number) => ((seen: string) => [number, number][]) | undefined;
}

/** Places in a line that are marked at the most. */
const MOST = 100;

/** What a search has found, as it is to be marked in the lines. */
export function highlighter(finding: Pick<Finding, 'hits' | 'wanted'> | undefined): Highlight {
  if (!finding || finding.hits.length === 0) return { has: () => false, places: () => undefined };
  const hits = new Map(finding.hits.map((hit) => [hit.line, hit]));
  const { wanted } = finding;
  // Only the server knows what its regular expressions find; a text is found here too, wherever it is in a long line.
  const expression = wanted.regex ? undefined : expressionOf(wanted);
  return {
    has: (n) => hits.has(n),
    places: (n) => {
      const hit = hits.get(n);
      if (!hit) return undefined;
      if (expression) return (seen) => [...seen.matchAll(expression)].slice(0, MOST).map(({ index, 0: text }) => [index, index + text.length]);
      return (seen) => (seen === hit.text ? units(seen, hit.ranges) : []);
    },
  };
}

/** Places in code points as places in UTF-16 units. */
export function units(text: string, ranges: readonly (readonly [number, number])[]): [number, number][] {
  const at: number[] = [];
  let place = 0;
  for (const letter of text) {
    at.push(place);
    place += letter.length;
  }
  return ranges.map(([begin, end]) => [at[begin] ?? place, at[end] ?? place]);
}
