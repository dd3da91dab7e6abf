import { describe, expect, it } from 'vitest';

import type { Client } from '../../client/index.ts';
import { ask, findKnown, type Known } from '../../src/lib/jump.ts';

const known: Known = {
  views: [{ text: 'Waterfall', href: '#/waterfall' }, { text: 'Settings', href: '#/settings' }],
  builders: ['linux-gcc', 'linux', 'win-linux-cross', 'alpine'].map((name, at) => ({ builderid: at + 1, name, tags: at === 3 ? ['linux'] : [] })),
  workers: [{ workerid: 1, name: 'linux-1' }],
  changes: [{ changeid: 9, revision: 'abcdef0123456789', comments: 'Port to linux\n\nfor real', author: 'Ada Kern <ada@example.org>', branch: 'main' }],
};
const texts = (text: string): string[] => findKnown(known, text).map((one) => one.text);

describe('jump', () => {
  it('offers all pages before anything is typed', () => {
    expect(texts(' ')).toEqual(['Waterfall', 'Settings']);
  });
  it('finds by name, the best first, then by tag, then what else has the word', () => {
    expect(texts('LINUX')).toEqual(['linux', 'linux-gcc', 'alpine', 'win-linux-cross', 'linux-1', 'Port to linux']);
    expect(texts('cross win')).toEqual(['win-linux-cross']);
    expect(texts('water')).toEqual(['Waterfall']);
    expect(texts('no such thing')).toEqual([]);
    expect(findKnown(known, 'abcdef01')[0]).toMatchObject({ kind: 'change', href: '#/changes/9', about: 'abcdef0123 · Ada Kern' });
  });
  it('knows a build by its builder and number', () => {
    for (const text of ['gcc 12', 'gcc#12', 'linux-gcc #12']) expect(findKnown(known, text)[0]).toMatchObject({ kind: 'build', text: 'linux-gcc #12', href: '#/builders/1/builds/12' });
  });
  it('asks the server about numbers and revisions only, and does without what it does not answer', async () => {
    const asked: string[] = [];
    const client = {
      list: (_: string, path: string, query: object) => {
        asked.push(path);
        if (path.startsWith('builds/')) return Promise.resolve({ data: [{ builderid: 2, number: 3, state_string: 'building' }], cursor: 1 });
        return path === 'changes' && 'revision__contains' in query ? Promise.resolve({ data: [{ ...known.changes[0], changeid: 7 }], cursor: 1 }) : Promise.reject(new Error('nothing'));
      },
    } as unknown as Client;
    const { signal } = new AbortController();
    expect(await ask(client, '#17', known, signal)).toEqual([{ kind: 'build', text: 'linux #3', about: 'building', href: '#/builders/2/builds/3' }]);
    expect(asked).toEqual(['builds/17', 'buildrequests/17', 'changes/17']);
    expect((await ask(client, 'fedcba9', known, signal)).map(({ href }) => href)).toEqual(['#/changes/7']);
    asked.length = 0;
    for (const text of ['linux', 'abcdef01', '']) expect(await ask(client, text, known, signal)).toEqual([]);
    expect(asked).toEqual([]);
  });
});
