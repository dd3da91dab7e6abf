import { SvelteMap } from 'svelte/reactivity';

import type { Log, LogChunk } from '../../client/index.ts';
import { errorText } from './format.ts';
import { parseLines } from './route.ts';

/** Lines per request. */
export const CHUNK = 500;
/** Chunks kept; those not looked at for the longest time go first. */
export const KEPT = 40;
const RETRY = 1500;

/** Reads at most `limit` lines from line `offset`, counted from 0. */
export type ReadLines = (offset: number, limit: number, signal: AbortSignal) => Promise<LogChunk>;

/** The lines that are looked at first, read while it is still found out which log they are of. */
export class EarlyLines {
  readonly #at: number;
  #chunk: Promise<LogChunk> | undefined;

  /** Reads the chunk in which the lines are that an address names, or else the first. */
  constructor(read: (offset: number, limit: number) => Promise<LogChunk>, anchor: string) {
    this.#at = Math.floor(((parseLines(anchor)?.first ?? 1) - 1) / CHUNK) * CHUNK;
    this.#chunk = read(this.#at, CHUNK);
    // Whoever takes it is told.
    this.#chunk.catch(() => undefined);
  }

  /** What was read, once, to whom asks for these lines. */
  take(offset: number, limit: number): Promise<LogChunk> | undefined {
    if (offset !== this.#at || limit > CHUNK) return undefined;
    const chunk = this.#chunk;
    this.#chunk = undefined;
    return chunk;
  }
}

/** Where a line comes from: output, errors, headers (the master's own words), input. */
export type Stream = 'o' | 'e' | 'h' | 'i';

export interface LogLine {
  stream: Stream;
  text: string;
}

/** Lines that are there, and when they were stored: pairs of a line of the log and microseconds, in the order of the lines. */
interface Loaded {
  lines: readonly string[];
  times: readonly (readonly [number, number])[];
}

/** The lines of a log, loaded in chunks as they are looked at, and no more of them than are needed. */
export class LogLines {
  total: number;
  complete: boolean;
  error = $state('');
  /** Whether the master told when lines were stored. */
  timed = $state(false);
  readonly #read: ReadLines;
  readonly #typed: boolean;
  readonly #chunks = new SvelteMap<number, Loaded>();
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- nobody shows it
  readonly #loading = new Set<number>();
  readonly #abort = new AbortController();
  /** In the order of their last use. */
  #used: number[] = [];
  #retry: ReturnType<typeof setTimeout> | undefined;
  /** Counts the pauses after failures, so that views ask again. */
  #attempt = $state(0);

  constructor(read: ReadLines, log: Log) {
    this.#read = read;
    this.#typed = log.type === 's';
    this.total = $state(log.num_lines);
    this.complete = $state(log.complete);
  }

  /** Takes the log as an event tells it; a log never shrinks. */
  update(log: Pick<Log, 'num_lines' | 'complete'>): void {
    this.total = Math.max(this.total, log.num_lines);
    this.complete ||= log.complete;
  }

  /** Line `at`, from 0; undefined where it is not loaded. */
  line(at: number): LogLine | undefined {
    const raw = this.#chunks.get(Math.floor(at / CHUNK))?.lines[at % CHUNK];
    return raw === undefined ? undefined : splitStream(raw, this.#typed);
  }

  /** When line `at`, from 0, was stored, in microseconds; undefined where that is not known, or the line not loaded. */
  time(at: number): number | undefined {
    const chunk = this.#chunks.get(Math.floor(at / CHUNK));
    return chunk?.lines[at % CHUNK] === undefined ? undefined : chunk.times.findLast(([line]) => line <= at)?.[1];
  }

  /** Sees to it that the lines from `first` up to and without `end` get loaded. */
  want(first: number, end: number): void {
    void this.#attempt;
    const last = Math.min(end, this.total) - 1;
    for (let chunk = Math.floor(Math.max(0, first) / CHUNK); chunk <= Math.floor(last / CHUNK); chunk++) {
      this.#used = [...this.#used.filter((other) => other !== chunk), chunk];
      const have = this.#chunks.get(chunk)?.lines.length ?? 0;
      const full = Math.min(CHUNK, this.total - chunk * CHUNK);
      if (have < full && !this.#loading.has(chunk) && this.#retry === undefined) void this.#load(chunk, have, full - have);
    }
  }

  close(): void {
    clearTimeout(this.#retry);
    this.#abort.abort();
  }

  async #load(chunk: number, have: number, limit: number): Promise<void> {
    this.#loading.add(chunk);
    try {
      const { content, times_us: times } = await this.#read(chunk * CHUNK + have, limit, this.#abort.signal);
      const lines = splitLines(content).slice(0, limit);
      this.#loading.delete(chunk);
      // Forgotten while it was read: what came does not fit behind what is there now.
      const before = this.#chunks.get(chunk) ?? { lines: [], times: [] };
      if (before.lines.length < have) return this.#later();
      if (lines.length === 0) return this.#later();
      this.error = '';
      if (times && times.length > 0) this.timed = true;
      // Lines beyond those that were asked for may have come with them.
      const known = (times ?? []).filter(([line]) => line < chunk * CHUNK + have + lines.length);
      this.#chunks.set(chunk, { lines: [...before.lines.slice(0, have), ...lines], times: [...before.times, ...known] });
      this.#forget();
    } catch (error) {
      this.#loading.delete(chunk);
      if (this.#abort.signal.aborted) return;
      this.error = errorText(error);
      this.#later();
    }
  }

  #later(): void {
    if (this.#abort.signal.aborted) return;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.#attempt++;
    }, RETRY);
  }

  #forget(): void {
    while (this.#used.length > KEPT) {
      const oldest = this.#used.shift();
      if (oldest !== undefined) this.#chunks.delete(oldest);
    }
  }
}

/** Lines of a chunk without their newlines; each line is ended by one. */
export function splitLines(content: string): string[] {
  if (content === '') return [];
  return (content.endsWith('\n') ? content.slice(0, -1) : content).split('\n');
}

/** Takes the stream's letter off a line of a log of type `s`. */
export function splitStream(raw: string, typed: boolean): LogLine {
  const letter = raw[0];
  if (!typed) return { stream: 'o', text: raw };
  if (letter === 'o' || letter === 'e' || letter === 'h' || letter === 'i') return { stream: letter, text: raw.slice(1) };
  return { stream: 'o', text: raw };
}
