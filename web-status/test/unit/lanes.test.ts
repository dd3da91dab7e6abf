import { describe, expect, it } from 'vitest';

import { lanes } from '../../src/lib/lanes.ts';

describe('lanes', () => {
  it('run few at a time, in their order, also behind one that failed', async () => {
    const run = lanes(2);
    const begun: number[] = [];
    const ends: ((ok: boolean) => void)[] = [];
    const work = (n: number) => () => new Promise<number>((resolve, reject) => {
      begun.push(n);
      ends[n] = (ok) => (ok ? resolve(n) : reject(new Error(`${n} failed`)));
    });
    const all = [0, 1, 2, 3].map((n) => run(work(n)));
    await Promise.resolve();
    expect(begun).toEqual([0, 1]);
    ends[1]?.(false);
    await expect(all[1]).rejects.toThrow('1 failed');
    expect(begun).toEqual([0, 1, 2]);
    ends[2]?.(true);
    expect(await all[2]).toBe(2);
    ends[0]?.(true);
    ends[3]?.(true);
    expect(await Promise.all([all[0], all[3]])).toEqual([0, 3]);
    // A lane that is left is free for whoever comes later.
    const late = run(work(4));
    ends[4]?.(true);
    expect(await late).toBe(4);
  });
});
