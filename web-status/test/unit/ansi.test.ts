import { describe, expect, it } from 'vitest';

import { css, markRuns, parseAnsi, plainText } from '../../src/lib/ansi.ts';
import { numbers, pick } from './random.ts';

const text = (line: string): string => parseAnsi(line).map((run) => run.text).join('');

describe('parseAnsi', () => {
  it('leaves plain text in one run, and an empty line in none', () => {
    expect(parseAnsi('gcc -c a.c')).toEqual([{ text: 'gcc -c a.c' }]);
    expect(parseAnsi('')).toEqual([]);
  });
  it('reads colours and ends them', () => {
    expect(parseAnsi('a\x1b[31mb\x1b[1mc\x1b[0md')).toEqual([{ text: 'a' }, { text: 'b', fg: 1 }, { text: 'c', fg: 1, bold: true }, { text: 'd' }]);
    expect(parseAnsi('\x1b[91;44mx\x1b[39my\x1b[49mz')).toEqual([{ text: 'x', fg: 9, bg: 4 }, { text: 'y', bg: 4 }, { text: 'z' }]);
    expect(parseAnsi('\x1b[1;3;4;7;9mx\x1b[22;23;24;27;29my')).toEqual([
      { text: 'x', bold: true, italic: true, underline: true, inverse: true, strike: true },
      { text: 'y' },
    ]);
  });
  it('reads the 256-colour table and RGB', () => {
    expect(parseAnsi('\x1b[38;5;9ma\x1b[48;5;196mb\x1b[38;5;232mc\x1b[38;2;1;2;3md')).toEqual([
      { text: 'a', fg: 9 }, { text: 'b', fg: 9, bg: '#ff0000' }, { text: 'c', fg: '#080808', bg: '#ff0000' }, { text: 'd', fg: '#010203', bg: '#ff0000' },
    ]);
  });
  it('ignores colours that do not exist, and takes what belongs to them', () => {
    expect(parseAnsi('\x1b[38;5;256ma\x1b[38;2;1;2;999mb\x1b[38;5mc')).toEqual([{ text: 'a' }, { text: 'b' }, { text: 'c' }]);
  });
  it('leaves out other sequences and control characters', () => {
    expect(text('\x1b[2K\x1b[1;5Ha\x1b]0;title\x07b\x1b]8;;https://x\x1b\\c\x1b(Bd\x07\x00e\x1b')).toBe('abcde');
  });
  it('shows the last writing of a line that was written again and again', () => {
    expect(text('10%\r50%\r100%')).toBe('100%');
    expect(text('done\r')).toBe('done');
  });
  it('keeps markup as text', () => {
    expect(text('<script>&amp;')).toBe('<script>&amp;');
  });

  it('keeps exactly the printable text, whatever sequences stand between', () => {
    const random = numbers(1);
    for (let round = 0; round < 500; round++) {
      let line = '';
      let printable = '';
      for (let i = 0; i < 12; i++) {
        const word = pick(random, ['x', 'ü', ' ', '<b>', '[31m', '日本', '\t']);
        const code = pick(random, ['', '\x1b[m', '\x1b[0;1;31m', '\x1b[38;5;200m', '\x1b[48;2;9;9;9m', '\x1b[?25l', '\x1b[K', '\x1b]0;t\x07', '\x1b=']);
        line += code + word;
        printable += word;
      }
      expect(text(line)).toBe(printable);
    }
  });
  it('never fails, never loses the order, and gives no control character or empty run', () => {
    const random = numbers(2);
    const alphabet = ['\x1b', '[', ']', ';', ':', '0', '1', '38', '48', '5', '2', '255', 'm', 'K', '\x07', '\\', 'a', '?', '\x00', '999999999999'];
    for (let round = 0; round < 3000; round++) {
      const line = Array.from({ length: 30 }, () => pick(random, alphabet)).join('');
      for (const run of parseAnsi(line)) {
        expect(run.text).not.toBe('');
        // eslint-disable-next-line no-control-regex -- what must not be there
        expect(run.text).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f]/);
        if (typeof run.fg === 'number') expect(run.fg >= 0 && run.fg < 16).toBe(true);
        expect(css(run.fg) ?? '#000000').toMatch(/^(var\(--ansi-\d{1,2}\)|#[0-9a-f]{6})$/);
      }
    }
  });
  it('is quick with a line made to be slow', () => {
    const began = performance.now();
    parseAnsi('\x1b['.repeat(50_000) + '\x1b]'.repeat(50_000) + '1;'.repeat(50_000));
    expect(performance.now() - began).toBeLessThan(1000);
  });
});

describe('markRuns', () => {
  const drawn = (raw: string, marked: [number, number][]): string => markRuns(parseAnsi(raw), marked).map(({ run, marked: on }) => (on ? `<${run.text}>` : run.text)).join('|');
  it('marks across runs, and keeps their styles', () => {
    expect(drawn('one two', [[4, 7]])).toBe('one |<two>');
    expect(drawn('\u001b[31mone\u001b[0m two', [[1, 5]])).toBe('o|<ne>|< t>|wo');
    expect(drawn('aXbX', [[1, 2], [3, 4]])).toBe('a|<X>|b|<X>');
    expect(drawn('abc', [[0, 99], [1, 2]])).toBe('<abc>');
    expect(drawn('abc', [])).toBe('abc');
    expect(markRuns(parseAnsi('\u001b[1mab'), [[0, 1]]).every(({ run }) => run.bold)).toBe(true);
  });
});

it('has no escape sequences in what is searched', () => {
  expect(plainText('\u001b[1m\u001b[31mred\u001b[0m\u001b]0;t\u0007 end\r\r')).toBe('red end');
});
