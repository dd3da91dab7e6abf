import { expect, it } from 'vitest';

import { Frames, textFrame } from '../../bench/frames.ts';
import { numbers } from './random.ts';

it('cuts a WebSocket into whole frames, wherever the bytes are cut', () => {
  const random = numbers(1);
  for (let round = 0; round < 50; round++) {
    const head = Buffer.from('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n');
    const sent = Array.from({ length: 12 }, () => textFrame('x'.repeat(Math.floor(random() ** 4 * 70_000) % 65_000)));
    const all = Buffer.concat([head, ...sent]);
    const ends = new Set([0, head.length, ...sent.map((_, i) => head.length + sent.slice(0, i + 1).reduce((sum, one) => sum + one.length, 0))]);
    const frames = new Frames();
    let passed = Buffer.alloc(0);
    for (let at = 0; at < all.length; ) {
      const size = 1 + Math.floor(random() ** 3 * 5000);
      passed = Buffer.concat([passed, frames.take(all.subarray(at, at + size))]);
      at += size;
      if (!ends.has(passed.length)) throw new Error(`a frame was cut at ${passed.length}`);
    }
    expect(passed.equals(all)).toBe(true);
  }
});
