import { ApiError, type Client, type Log } from '../../client/index.ts';
import { plainText } from './ansi.ts';
import { splitLines, splitStream, type ReadLines, type Stream } from './loglines.svelte.ts';

/** What is looked for in the lines of a log. */
export interface Wanted {
  pattern: string;
  /** Whether it is a regular expression. */
  regex: boolean;
  anyCase: boolean;
}

/** A line in which something was found. */
export interface Found {
  /** From 0. */
  line: number;
  stream: Stream;
  /** The line without escape sequences, or a part of a long one with what was found. */
  text: string;
  /** Where in the line something was found: begin and end, in characters (code points). */
  ranges: (readonly [number, number])[];
}

/** A part of what is found. */
export interface Part {
  hits: Found[];
  /** The first line that was not searched. */
  next: number;
  /** Whether that is the end of the log, as far as it goes now. */
  complete: boolean;
  /** Whether what is behind it is not searched at all: it would have to be read for that. */
  full?: boolean;
}

/** Searches from line `offset` on, and gives what it found within a short time. */
export type Seek = (wanted: Wanted, offset: number, signal: AbortSignal) => Promise<Part>;

/** A log of more lines is searched by the server. */
const SMALL = 2000;
/** Lines that are read at once to be searched here. */
const LINES = 2000;
/** Characters of a line that a regular expression is tried on here, where it may take long for a long line. */
const REACH = 5000;
/** Places in a line that are told. */
const RANGES = 20;

/** Searches small logs here, large ones in the server, if it can; Buildbot's cannot: then at most `most` lines are read. */
export function seeker(client: Client, log: Pick<Log, 'logid' | 'type'>, size: () => number, most = Infinity): Seek {
  const here = seekHere((offset, limit, signal) => client.lines(log.logid, offset, limit, signal), log.type === 's');
  let alone = false;
  const read: Seek = async (wanted, offset, signal) => {
    const part = await here(wanted, offset, signal);
    return alone && part.next >= most ? { ...part, full: true } : part;
  };
  return async (wanted, offset, signal) => {
    if (alone || size() <= SMALL) return read(wanted, offset, signal);
    try {
      return await seekThere(client, log.logid, wanted, offset, signal);
    } catch (error) {
      // No such path: another master than Weir's, or an older one.
      if (!(error instanceof ApiError) || ![404, 501].includes(error.status)) throw error;
      alone = true;
      return read(wanted, offset, signal);
    }
  };
}

async function seekThere(client: Client, logid: number, wanted: Wanted, offset: number, signal: AbortSignal): Promise<Part> {
  const { pattern, regex, anyCase } = wanted;
  const found = await client.search(logid, { [regex ? 'regex' : 'text']: pattern, ignore_case: anyCase, offset }, signal);
  const hits = found.hits.map(({ line, stream, text, ranges }) => ({ line, stream: streamOf(stream), text, ranges: ranges as [number, number][] }));
  return { hits, next: found.next_offset, complete: found.complete };
}

function streamOf(letter: string | null): Stream {
  return letter === 'e' || letter === 'h' || letter === 'i' ? letter : 'o';
}

/** Searches lines that are read for that. */
export function seekHere(read: ReadLines, typed: boolean): Seek {
  return async (wanted, offset, signal) => {
    const expression = expressionOf(wanted);
    const { content } = await read(offset, LINES, signal);
    const lines = splitLines(content);
    const hits = lines.flatMap((raw, at) => {
      const { stream, text } = splitStream(raw, typed);
      const plain = plainText(text);
      const ranges = rangesOf(expression, wanted.regex ? plain.slice(0, REACH) : plain);
      return ranges ? [{ line: offset + at, stream, text: plain, ranges }] : [];
    });
    return { hits, next: offset + lines.length, complete: lines.length === 0 };
  };
}

/** The expression that finds it in a line; throws what is wrong with it. */
export function expressionOf({ pattern, regex, anyCase }: Wanted): RegExp {
  return new RegExp(regex ? pattern : pattern.replace(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`), anyCase ? 'giu' : 'gu');
}

function rangesOf(expression: RegExp, text: string): [number, number][] | undefined {
  expression.lastIndex = 0;
  if (!expression.test(text)) return undefined;
  const ranges: [number, number][] = [];
  expression.lastIndex = 0;
  for (const match of text.matchAll(expression)) {
    if (match[0] !== '') ranges.push([points(text.slice(0, match.index)), points(text.slice(0, match.index + match[0].length))]);
    if (ranges.length === RANGES) break;
  }
  return ranges;
}

/** How many code points a text has. */
function points(text: string): number {
  let count = 0;
  // eslint-disable-next-line @typescript-eslint/no-unused-vars -- they are only counted
  for (const _ of text) count++;
  return count;
}
