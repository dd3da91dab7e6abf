import { beforeEach, describe, expect, it, vi } from 'vitest';

import { ControlError } from '../../client/index.ts';
import { readConfig } from '../../src/lib/config.ts';
import { Session } from '../../src/lib/session.svelte.ts';

const page = 'https://status.example.org/ci/';
const open = (api = 'https://master.example.org/'): Session => new Session({ api, title: 'Weir' });
const refused = (): ControlError => new ControlError(403, -32600, 'not you', {});
beforeEach(() => localStorage.clear());

describe('Session', () => {
  it('carries out a command at once where nobody asks who it is', async () => {
    const session = open();
    expect(await session.act(() => Promise.resolve(7))).toBe(7);
    expect(session.asked).toBeUndefined();
  });
  it('asks for a token where it is refused, and tries again', async () => {
    const session = open();
    const work = vi.fn().mockRejectedValueOnce(refused()).mockRejectedValueOnce(refused()).mockResolvedValue('done');
    const acting = session.act(work);
    await vi.waitFor(() => expect(session.asked).toBe('not you'));
    session.answer('wrong');
    await vi.waitFor(() => expect(session.asked).toBe('not you'));
    session.answer('right');
    expect(await acting).toBe('done');
    expect(open().signedIn).toBe(true);
  });
  it('gives the refusal where no token is given, and other errors at once', async () => {
    const session = open();
    const acting = session.act(() => Promise.reject(refused()));
    await vi.waitFor(() => expect(session.asked).toBe('not you'));
    session.answer(undefined);
    await expect(acting).rejects.toThrow('not you');
    await expect(session.act(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    expect(session.signedIn).toBe(false);
  });
  it('keeps the token for its own master only, until it is forgotten', () => {
    const session = open();
    session.answer('secret');
    expect(open('https://other.example.org/').signedIn).toBe(false);
    session.signOut();
    expect(open().signedIn).toBe(false);
  });
});

describe('readConfig', () => {
  const giving = (status: number, body: string) => (url: RequestInfo | URL) =>
    Promise.resolve(String(url).endsWith('config.json') ? new Response(body, { status }) : new Response('no', { status: 404 }));
  it('takes addresses relative to the page', async () => {
    expect(await readConfig(page, giving(200, '{"api": "."}'))).toEqual({ api: page, title: 'Weir' });
    expect((await readConfig(page, giving(200, '{"api": "/master/", "title": "Pump"}')))).toEqual({ api: 'https://status.example.org/master/', title: 'Pump' });
    expect((await readConfig(page, giving(200, '{"api": "https://m.example.org"}'))).api).toBe('https://m.example.org/');
  });
  it('shows the name that the master gives itself, where the file gives none', async () => {
    const ask = (url: RequestInfo | URL): Promise<Response> =>
      Promise.resolve(new Response(String(url) === 'https://m.example.org/ci/config' ? '{"title": "Pump"}' : '{"api": "https://m.example.org/ci"}'));
    expect(await readConfig(page, ask)).toEqual({ api: 'https://m.example.org/ci', title: 'Pump' });
  });
  it('does without the file, but not with a broken one', async () => {
    expect((await readConfig(page, giving(404, 'no'))).api).toBe(page);
    await expect(readConfig(page, giving(200, '{"api": '))).rejects.toThrow('must hold a JSON object');
    await expect(readConfig(page, giving(500, ''))).rejects.toThrow('HTTP 500');
    await expect(readConfig(page, () => Promise.reject(new TypeError('failed')))).rejects.toThrow('did not give config.json');
  });
});
