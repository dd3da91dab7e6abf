import { afterEach, describe, expect, it, vi } from 'vitest';

import type { LogChunk } from '../../client/index.ts';
import { CHUNK, KEPT, LogLines, splitLines, splitStream } from '../../src/lib/loglines.svelte.ts';

/** A log on a server that answers when it is told to. */
class Server {
  lines: string[] = [];
  /** When each line came, in microseconds; empty: it tells no times. */
  times: number[] = [];
  asked: { offset: number; limit: number }[] = [];
  broken = false;
  readonly read = (offset: number, limit: number): Promise<LogChunk> => {
    this.asked.push({ offset, limit });
    if (this.broken) return Promise.reject(new Error('The server cannot be reached.'));
    const content = this.lines.slice(offset, offset + limit).map((line) => `${line}\n`).join('');
    const times = this.times.slice(offset, offset + limit).map((at, place): [number, number] => [offset + place, at]);
    // As the server does it: of lines that came together the first alone has the time.
    const told = times.filter(([, at], place) => times[place - 1]?.[1] !== at);
    return Promise.resolve({ logid: 1, firstline: offset, content, ...(told.length > 0 && { times_us: told }) });
  };

  grow(count: number): void {
    for (let i = 0; i < count; i++) this.lines.push(`o${this.lines.length}`);
  }

  log(complete = false): Parameters<LogLines['update']>[0] & { type: 's' } {
    return { num_lines: this.lines.length, complete, type: 's' };
  }
}

const open = (server: Server, complete = false): LogLines => {
  const log = { logid: 1, name: 'stdio', slug: 'stdio', stepid: 1, ...server.log(complete) };
  return new LogLines(server.read, log);
};
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));
afterEach(() => void vi.useRealTimers());

describe('LogLines', () => {
  it('reads only the chunks that are looked at, each once', async () => {
    const server = new Server();
    server.grow(10_000);
    const lines = open(server);
    lines.want(4990, 5010);
    lines.want(4990, 5010);
    expect(server.asked).toEqual([{ offset: 4500, limit: CHUNK }, { offset: 5000, limit: CHUNK }]);
    expect(lines.line(5000)).toBeUndefined();
    await settled();
    expect(lines.line(5000)).toEqual({ stream: 'o', text: '5000' });
    expect(lines.line(0)).toBeUndefined();
    lines.want(4990, 5010);
    expect(server.asked).toHaveLength(2);
  });
  it('asks only for the lines that are missing when a log grows', async () => {
    const server = new Server();
    server.grow(3);
    const lines = open(server);
    lines.want(0, 50);
    await settled();
    server.grow(2);
    lines.update(server.log());
    expect(lines.total).toBe(5);
    lines.want(0, 50);
    await settled();
    expect(server.asked).toEqual([{ offset: 0, limit: 3 }, { offset: 3, limit: 2 }]);
    expect([0, 1, 2, 3, 4, 5].map((n) => lines.line(n)?.text)).toEqual(['0', '1', '2', '3', '4', undefined]);
  });
  it('takes the lines that come while it reads with the next request', async () => {
    const server = new Server();
    server.grow(2);
    const lines = open(server);
    lines.want(0, 10);
    server.grow(700);
    lines.update(server.log(true));
    lines.want(0, 10);
    await settled();
    lines.want(0, 10);
    await settled();
    expect(server.asked).toEqual([{ offset: 0, limit: 2 }, { offset: 2, limit: 498 }]);
    expect(lines.line(499)?.text).toBe('499');
    expect(lines.complete).toBe(true);
  });
  it('knows when each line came, also of a log that grows', async () => {
    const server = new Server();
    server.grow(600);
    server.times = Array.from({ length: 600 }, (_, at) => 7_000_000 + Math.floor(at / 40));
    const lines = open(server);
    expect(lines.timed).toBe(false);
    lines.want(0, 600);
    await settled();
    expect(lines.timed).toBe(true);
    server.grow(3);
    server.times.push(8_000_000, 8_000_000, 9_000_000);
    lines.update(server.log(true));
    lines.want(0, 603);
    await settled();
    expect(server.times.map((_, at) => lines.time(at))).toEqual(server.times);
    expect(lines.time(603)).toBeUndefined();
  });
  it('knows no times where the server tells none, or none of old lines', async () => {
    const server = new Server();
    server.grow(3);
    const lines = open(server);
    lines.want(0, 3);
    await settled();
    expect(lines.timed).toBe(false);
    expect(lines.time(0)).toBeUndefined();
    const later = new LogLines(() => Promise.resolve({ logid: 1, firstline: 0, content: 'oa\nob\n', times_us: [[1, 5]] }), {
      logid: 1, name: 'stdio', slug: 'stdio', stepid: 1, num_lines: 2, complete: true, type: 's',
    });
    later.want(0, 2);
    await settled();
    expect([later.timed, later.time(0), later.time(1)]).toEqual([true, undefined, 5]);
  });
  it('never shrinks and never opens again', () => {
    const server = new Server();
    server.grow(5);
    const lines = open(server, true);
    lines.update({ num_lines: 2, complete: false });
    expect(lines.total).toBe(5);
    expect(lines.complete).toBe(true);
  });
  it('forgets what was not looked at for long', async () => {
    const server = new Server();
    server.grow(CHUNK * (KEPT + 5));
    const lines = open(server);
    for (let chunk = 0; chunk < KEPT + 5; chunk++) {
      lines.want(0, 1);
      lines.want(chunk * CHUNK, chunk * CHUNK + 1);
      await settled();
    }
    expect(lines.line(0)?.text).toBe('0');
    expect(lines.line(CHUNK)).toBeUndefined();
    expect(lines.line((KEPT + 4) * CHUNK)).toBeDefined();
  });
  it('tells what is wrong and tries again after a pause', async () => {
    vi.useFakeTimers();
    const server = new Server();
    server.grow(1);
    server.broken = true;
    const lines = open(server);
    lines.want(0, 1);
    await vi.advanceTimersByTimeAsync(0);
    expect(lines.error).toBe('The server cannot be reached.');
    lines.want(0, 1);
    expect(server.asked).toHaveLength(1);
    server.broken = false;
    await vi.advanceTimersByTimeAsync(2000);
    lines.want(0, 1);
    await vi.advanceTimersByTimeAsync(0);
    expect(lines.line(0)?.text).toBe('0');
    expect(lines.error).toBe('');
  });
  it('stays quiet after it was closed', async () => {
    const server = new Server();
    server.grow(1);
    server.broken = true;
    const lines = open(server);
    lines.want(0, 1);
    lines.close();
    await settled();
    expect(lines.error).toBe('');
  });
});

describe('splitLines', () => {
  it('keeps empty lines and adds none', () => {
    expect(splitLines('')).toEqual([]);
    expect(splitLines('\n')).toEqual(['']);
    expect(splitLines('a\n\nb\n')).toEqual(['a', '', 'b']);
    expect(splitLines('a\nb')).toEqual(['a', 'b']);
  });
});

describe('splitStream', () => {
  it('takes the letter off a line of a stdio log only', () => {
    expect(splitStream('eoh no', true)).toEqual({ stream: 'e', text: 'oh no' });
    expect(splitStream('h', true)).toEqual({ stream: 'h', text: '' });
    expect(splitStream('hello', false)).toEqual({ stream: 'o', text: 'hello' });
    expect(splitStream('?x', true)).toEqual({ stream: 'o', text: '?x' });
  });
});
