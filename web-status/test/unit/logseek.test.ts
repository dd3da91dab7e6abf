import { describe, expect, it, vi } from 'vitest';

import { ApiError, Client } from '../../client/index.ts';
import { Finding, nextAt } from '../../src/lib/logfind.svelte.ts';
import { highlighter, units } from '../../src/lib/logseen.ts';
import { expressionOf, seeker, seekHere, type Seek, type Wanted } from '../../src/lib/logseek.ts';

const text = (pattern: string): Wanted => ({ pattern, regex: false, anyCase: true });
const signal = new AbortController().signal;
const reader = (lines: string[]) => (offset: number, limit: number): Promise<{ logid: number; firstline: number; content: string }> =>
  Promise.resolve({ logid: 1, firstline: offset, content: lines.slice(offset, offset + limit).map((line) => `${line}\n`).join('') });

describe('seekHere', () => {
  it('searches what is seen, and counts code points', async () => {
    const lines = ['oone', 'e\u001b[31mO\u001b[0mne 🦀 one\r', 'hnone', 'onothing'];
    const part = await seekHere(reader(lines), true)(text('one'), 0, signal);
    expect(part).toEqual({
      hits: [
        { line: 0, stream: 'o', text: 'one', ranges: [[0, 3]] },
        { line: 1, stream: 'e', text: 'One 🦀 one', ranges: [[0, 3], [6, 9]] },
        { line: 2, stream: 'h', text: 'none', ranges: [[1, 4]] },
      ],
      next: 4,
      complete: false,
    });
    expect((await seekHere(reader(lines), true)(text('one'), 4, signal)).complete).toBe(true);
    expect((await seekHere(reader(lines), true)({ pattern: '^n', regex: true, anyCase: false }, 0, signal)).hits.map(({ line }) => line)).toEqual([2, 3]);
  });
  it('takes any text for itself', () => {
    for (const pattern of ['a.b', '(', '[x]', '^$', 'a/b-c', '\\', '{2}|', '+*?']) expect(expressionOf(text(pattern)).test(`x${pattern}x`)).toBe(true);
  });
});

describe('seeker', () => {
  const client = (answer: () => Response): Client => new Client({ base: 'http://h/', fetch: vi.fn(() => Promise.resolve(answer())) });
  it('lets the server search a large log', async () => {
    const hit = { line: 5, stream: null, text: 'x', text_start: 0, ranges: [[0, 1]] };
    const found = { logsearches: [{ logid: 1, hits: [hit], next_offset: 9000, complete: true }], meta: {} };
    const seek = seeker(client(() => Response.json(found)), { logid: 1, type: 't' }, () => 9000);
    expect(await seek(text('x'), 0, signal)).toEqual({ hits: [{ line: 5, stream: 'o', text: 'x', ranges: [[0, 1]] }], next: 9000, complete: true });
  });
  it('searches by itself where the server cannot', async () => {
    const answers = [
      () => Response.json({ error: 'Invalid path: logs/1/search' }, { status: 404 }),
      () => Response.json({ logchunks: [{ logid: 1, firstline: 0, content: 'a\nx\n' }], meta: {} }),
    ];
    let at = 0;
    const seek = seeker(client(() => (answers[Math.min(at++, 1)] as () => Response)()), { logid: 1, type: 't' }, () => 9000);
    expect((await seek(text('x'), 0, signal)).hits.map(({ line }) => line)).toEqual([1]);
  });
  it('reads a bounded number of lines for that', async () => {
    const lines = Array.from({ length: 5000 }, (_, at) => `${at}\n`);
    const asked: number[] = [];
    const master = new Client({
      base: 'http://h/',
      fetch: vi.fn((given: RequestInfo | URL) => {
        const at = new URL(given as string);
        if (at.pathname.endsWith('/search')) return Promise.resolve(Response.json({ error: 'Invalid path' }, { status: 404 }));
        const offset = Number(at.searchParams.get('offset'));
        asked.push(offset);
        return Promise.resolve(Response.json({ logchunks: [{ logid: 1, firstline: offset, content: lines.slice(offset, offset + 2000).join('') }], meta: {} }));
      }),
    });
    const finding = new Finding(seeker(master, { logid: 1, type: 't' }, () => 5000, 3000), text('no such'), 10);
    finding.upTo(5000);
    await vi.waitFor(() => expect(finding.full).toBe(true));
    expect(asked).toEqual([0, 2000]);
  });
  it('tells what the server refuses', async () => {
    const refused = client(() => Response.json({ error: 'regex: unclosed group', code: 'invalid_query' }, { status: 400 }));
    await expect(seeker(refused, { logid: 1, type: 't' }, () => 9000)(text('('), 0, signal)).rejects.toThrow(ApiError);
  });
});

describe('Finding', () => {
  const lines = Array.from({ length: 50 }, (_, at) => (at % 5 === 0 ? `hit ${at}` : 'none'));
  const parts: Seek = (wanted, offset) => {
    const next = Math.min(lines.length, offset + 8);
    const hits = lines.slice(offset, next).flatMap((line, at) => (line.includes(wanted.pattern) ? [{ line: offset + at, stream: 'o' as const, text: line, ranges: [] }] : []));
    return Promise.resolve({ hits, next, complete: next === lines.length });
  };
  it('goes through the log part by part, and on when it has grown', async () => {
    const finding = new Finding(parts, text('hit'), 100);
    finding.upTo(lines.length);
    await vi.waitFor(() => expect(finding.going).toBe(false));
    expect(finding.hits.map(({ line }) => line)).toEqual([0, 5, 10, 15, 20, 25, 30, 35, 40, 45]);
    lines.push('hit 50');
    finding.upTo(lines.length);
    await vi.waitFor(() => expect(finding.hits.at(-1)?.line).toBe(50));
    expect(finding.next).toBe(51);
  });
  it('ends with as many as are wanted', async () => {
    const finding = new Finding(parts, text('hit'), 3);
    finding.upTo(lines.length);
    await vi.waitFor(() => expect(finding.full).toBe(true));
    expect(finding.hits.length).toBe(3);
  });
  it('tells what is no regular expression', async () => {
    const finding = new Finding(seekHere(reader(['a']), false), { pattern: '(', regex: true, anyCase: true }, 3);
    finding.upTo(1);
    await vi.waitFor(() => expect(finding.error).not.toBe(''));
    expect(finding.going).toBe(false);
  });
});

it('finds the next match around the ends', () => {
  const hits = [3, 7, 9].map((line) => ({ line }));
  expect([-1, 3, 6, 9].map((from) => nextAt(hits, from, false))).toEqual([0, 1, 1, 0]);
  expect([20, 9, 4, 3].map((from) => nextAt(hits, from, true))).toEqual([2, 1, 0, 2]);
  expect(nextAt([], 0, false)).toBe(-1);
});

it('marks what is found as it is seen', () => {
  expect(units('🦀ab', [[1, 2], [0, 1]])).toEqual([[2, 3], [0, 2]]);
  const hit = { line: 4, stream: 'o' as const, text: '🦀ab', ranges: [[1, 3] as const] };
  const byText = highlighter({ hits: [hit], wanted: text('B') });
  expect(byText.places(4)?.('abab')).toEqual([[1, 2], [3, 4]]);
  expect(byText.places(5)).toBeUndefined();
  const byRegex = highlighter({ hits: [hit], wanted: { pattern: '(?i)ab', regex: true, anyCase: false } });
  expect(byRegex.places(4)?.('🦀ab')).toEqual([[2, 4]]);
  expect(byRegex.places(4)?.('overwritten')).toEqual([]);
});
