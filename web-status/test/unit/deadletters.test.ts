import { expect, it } from 'vitest';

import type { Client, DeadLetter, ListenerStatus } from '../../client/index.ts';
import { DeadLetters } from '../../src/lib/deadletters.svelte.ts';

const letter = (dead_letterid: number, listenerid: number): DeadLetter => ({
  dead_letterid, listenerid, cursor: 9, event: { at_us: 0, key: ['builds', '5', 'finished'], message: {} }, why: '', parked_at: 0, again: false,
});
const listeners = [{ listenerid: 1, name: 'mail' }, { listenerid: 2, name: 'chat' }] as ListenerStatus[];

/** A client of a master that has these letters, and what it was asked. */
function master(letters: DeadLetter[]): { client: Client; asked: Record<string, unknown>[] } {
  const asked: Record<string, unknown>[] = [];
  const list = (_path: string, _key: string, query: { listenerid?: number; limit: number }): Promise<unknown> => {
    asked.push(query);
    const whose = letters.filter(({ listenerid }) => query.listenerid === undefined || listenerid === query.listenerid);
    return Promise.resolve({ data: whose.toSorted((a, b) => b.dead_letterid - a.dead_letterid).slice(0, query.limit), cursor: 100 });
  };
  return { client: { list } as unknown as Client, asked };
}
const many = (from: number, to: number, listenerid: number): DeadLetter[] =>
  Array.from({ length: to - from + 1 }, (_, n) => letter(from + n, listenerid));

it('shows those of the chosen listener, however many newer ones others have', async () => {
  const { client, asked } = master([letter(1, 1), ...many(2, 400, 2)]);
  const letters = new DeadLetters(client);
  await letters.read('mail', listeners);
  expect(letters.newest).toEqual([letter(1, 1)]);
  expect(asked).toEqual([{ listenerid: 1, order: '-dead_letterid', limit: 200 }]);
  letters.apply(letter(401, 2), 101);
  letters.apply(letter(402, 1), 102);
  expect(letters.newest.map((one) => one.dead_letterid)).toEqual([402, 1]);
  await letters.read(null, listeners);
  expect(letters.newest.map((one) => one.dead_letterid)).toEqual(many(201, 400, 2).map((one) => one.dead_letterid).reverse());
  await letters.read('nobody', listeners);
  expect(letters.newest).toEqual([]);
  expect(asked.length).toBe(2);
});

it('reads the older ones once those that it shows are gone, and no more when none is left', async () => {
  const kept = many(1, 203, 1);
  const { client, asked } = master(kept);
  const letters = new DeadLetters(client);
  await letters.read('mail', listeners);
  for (const gone of many(4, 203, 1)) {
    kept.pop();
    await letters.delete(gone);
  }
  expect(letters.newest.map((one) => one.dead_letterid)).toEqual([3, 2, 1]);
  for (const gone of many(1, 3, 1)) {
    kept.shift();
    await letters.delete(gone);
  }
  expect(letters.newest).toEqual([]);
  await letters.delete(letter(4, 1));
  expect(asked.length).toBe(3);
});
