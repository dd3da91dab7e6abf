import { describe, expect, it } from 'vitest';

import { SseParser, type SseEvent } from '../../client/index.ts';

const parse = (...pieces: string[]): SseEvent[] => {
  const parser = new SseParser();
  return pieces.flatMap((piece) => parser.push(piece));
};

describe('SseParser', () => {
  it('reads handshake, event and bookmark', () => {
    const events = parse('event: handshake\ndata: 6f1e\n\nid: 7\nevent: event\ndata: {"key":[]}\n\nid: 9\nevent: bookmark\ndata: {}\n\n');
    expect(events).toEqual([
      { event: 'handshake', data: '6f1e' },
      { event: 'event', data: '{"key":[]}', id: '7' },
      { event: 'bookmark', data: '{}', id: '9' },
    ]);
  });
  it('joins data lines, skips comments and unknown fields, and drops what has no data', () => {
    expect(parse(': keep\nretry: 10\ndata: a\ndata:b\n\n', 'event: none\n\n', 'data\n\n')).toEqual([
      { event: 'message', data: 'a\nb' },
      { event: 'message', data: '' },
    ]);
  });
  it('takes an id for the event that has it, and no further', () => {
    expect(parse('id: 1\ndata: a\n\ndata: b\n\n')).toEqual([
      { event: 'message', data: 'a', id: '1' },
      { event: 'message', data: 'b' },
    ]);
  });
  it('gives nothing before the empty line is there', () => {
    const parser = new SseParser();
    expect(parser.push('id: 1\ndata: half')).toEqual([]);
    expect(parser.push('\n')).toEqual([]);
    expect(parser.push('\n')).toEqual([{ event: 'message', data: 'half', id: '1' }]);
  });
  it('gives the same however the text is cut, with every kind of line end', () => {
    for (const end of ['\n', '\r\n', '\r']) {
      const text = `\uFEFFid: 12${end}event: event${end}data: {"a":"ü\u2028"}${end}data: x${end}${end}: c${end}data: y${end}${end}data: z${end}${end}data: w${end}${end}${end}`;
      const whole = parse(text, '\n');
      expect(whole.map((event) => event.data)).toEqual(['{"a":"ü\u2028"}\nx', 'y', 'z', 'w']);
      for (let first = 0; first <= text.length; first++) {
        for (let second = first; second <= text.length; second += 7) {
          expect(parse(text.slice(0, first), text.slice(first, second), text.slice(second), '\n')).toEqual(whole);
        }
      }
      expect(parse(...text, '\n')).toEqual(whole);
    }
  });
});
