import { describe, expect, it, vi } from 'vitest';

import { ControlError } from '../../client/index.ts';
import { severally } from '../../src/lib/severally.ts';

const refused = (): ControlError => new ControlError(403, -32600, 'you may not', {});
/** A reader who is asked who they are at each refusal, and signs in or does not. */
function reader(signsIn: boolean): { act: <T>(work: () => Promise<T>) => Promise<T>; asked: () => number } {
  let asked = 0;
  const act = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ControlError)) throw error;
      asked++;
      if (!signsIn) throw error;
      return work();
    }
  };
  return { act, asked: () => asked };
}

describe('severally', () => {
  it('goes on behind one that is refused, and tells of it', async () => {
    const done: string[] = [];
    const refusals = await severally(reader(true), ['a', 'b', 'c'], (one) => {
      if (one === 'b') return Promise.reject(new Error('it is gone'));
      done.push(one);
      return Promise.resolve();
    });
    expect(done).toEqual(['a', 'c']);
    expect(refusals).toEqual([{ of: 'b', why: 'It is gone.' }]);
  });
  it('asks once who the reader is, where they sign in', async () => {
    const session = reader(true);
    const work = vi.fn().mockRejectedValueOnce(refused()).mockResolvedValue(undefined);
    expect(await severally(session, ['a', 'b', 'c'], work)).toEqual([]);
    expect(session.asked()).toBe(1);
    expect(work).toHaveBeenCalledTimes(4);
  });
  it('asks no more once they did not want to tell', async () => {
    const session = reader(false);
    const refusals = await severally(session, ['a', 'b', 'c'], (one) => (one === 'c' ? Promise.resolve() : Promise.reject(refused())));
    expect(refusals.map(({ of, why }) => `${of}: ${why}`)).toEqual(['a: You may not.', 'b: You may not.']);
    expect(session.asked()).toBe(1);
  });
});
