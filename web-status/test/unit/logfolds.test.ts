import { describe, expect, it } from 'vitest';

import { headerSections, RowMap, sectionsOf } from '../../src/lib/logfolds.ts';
import type { SectionMark } from '../../src/lib/logmarks.ts';
import { numbers } from './random.ts';

const open = (name: string, collapsed = false): SectionMark => ({ kind: 'open', name, title: name, collapsed });
const close = (name: string): SectionMark => ({ kind: 'close', name });
const made = (marks: [number, SectionMark][], total = 100): [number, number][] =>
  sectionsOf(marks.map(([line, mark]) => ({ line, mark })), total).map(({ first, last }) => [first, last]);

describe('sectionsOf', () => {
  it('nests what has names, and ends what is within', () => {
    expect(made([[1, open('a')], [3, open('b')], [5, close('b')], [9, close('a')]])).toEqual([[1, 9], [3, 5]]);
    expect(made([[1, open('a')], [3, open('b')], [9, close('a')]])).toEqual([[1, 9], [3, 9]]);
  });
  it('ends a group without a name where the next begins', () => {
    expect(made([[1, open('')], [5, open('')], [8, close('')]])).toEqual([[1, 4], [5, 8]]);
  });
  it('takes what does not end to the end, and lets an end without a begin be', () => {
    expect(made([[0, close('x')], [4, open('a')], [6, close('b')]], 50)).toEqual([[4, 49]]);
    expect(made([[49, open('a')]], 50)).toEqual([]);
  });
});

it('finds long runs of header lines', () => {
  const streams = [...'hhhhhoohhho'];
  expect(headerSections(streams, (at) => `title ${at}`)).toEqual([{ first: 0, last: 4, title: 'title 0', collapsed: false }]);
  expect(headerSections([undefined, 'h'], String)).toEqual([]);
});

describe('RowMap', () => {
  it('maps rows to the lines that are left, and back', () => {
    const random = numbers(5);
    for (let round = 0; round < 100; round++) {
      const total = 1 + Math.floor(random() * 60);
      const folded = Array.from({ length: Math.floor(random() * 6) }, () => {
        const first = Math.floor(random() * total);
        return { first, last: first + Math.floor(random() * 20) };
      });
      const hidden = (line: number): boolean => folded.some(({ first, last }) => line > first && line <= last);
      const left = Array.from({ length: total }, (_, line) => line).filter((line) => !hidden(line));
      const map = new RowMap(total, folded);
      expect(map.rows).toBe(left.length);
      expect(left.map((_, row) => map.line(row))).toEqual(left);
      for (let line = 0; line < total; line++) {
        expect(map.row(line)).toBe(left.filter((other) => other <= line).length - 1);
      }
    }
  });
});
