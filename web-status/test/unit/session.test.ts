import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { ControlError } from '../../client/index.ts';
import { readConfig } from '../../src/lib/config.ts';
import { Session } from '../../src/lib/session.svelte.ts';
import { signInAsAsked } from '../../src/lib/site.ts';

const page = 'https://status.example.org/ci/';
const open = (api = 'https://master.example.org/'): Session => new Session({ api, title: 'Weir', views: [], theme: undefined, settings: {} });
const refused = (): ControlError => new ControlError(403, -32600, 'not you', {});
let answers: (url: string, init?: RequestInit) => Response = () => new Response('{}');
beforeEach(() => {
  localStorage.clear();
  answers = () => new Response('{}');
  vi.stubGlobal('fetch', (url: string, init?: RequestInit) => Promise.resolve(answers(url, init)));
});
afterEach(() => vi.unstubAllGlobals());

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
    void session.signOut();
    expect(open().signedIn).toBe(false);
  });
  it('knows who the reader is, and when that holds no more', async () => {
    const session = open('http://localhost:3000/');
    answers = () => Response.json({ auth: { name: 'UserPasswordAuth' }, user: { anonymous: false, username: 'ada', full_name: 'Ada Kern' }, versions: [['Weir', '1.2', 3], 'odd'] });
    await session.identify();
    expect([session.name, session.signedIn, session.site?.versions]).toEqual(['Ada Kern', true, [['Weir', '1.2']]]);
    answers = (url) => (url.endsWith('/auth/logout') ? new Response('') : Response.json({ error: 'the session has ended' }, { status: 401 }));
    await session.identify();
    expect(session.expired).toBe(true);
    answers = () => Response.json({ auth: {}, user: { anonymous: true } });
    await session.signOut();
    expect([session.expired, session.signedIn, session.name, session.turn]).toEqual([false, false, undefined, 1]);
  });
  it('signs in with name and password in the place of a token, and says why not', async () => {
    const session = open();
    session.answer('secret');
    const asked = session.ask('who are you?');
    answers = () => Response.json({ error: 'wrong password' }, { status: 401 });
    await expect(session.signIn('ada', 'x')).rejects.toThrow('wrong password');
    expect(session.asked).toBe('who are you?');
    const sent: string[] = [];
    answers = (url, init) => {
      sent.push(`${init?.method ?? 'GET'} ${url} ${String(init?.body ?? '')}`);
      return Response.json({ user: { anonymous: false, username: 'ada' } });
    };
    await session.signIn('ada', 'y');
    expect(await asked).toBe(true);
    expect(sent[0]).toBe('POST https://master.example.org/auth/login {"username":"ada","password":"y"}');
    expect(open().signedIn).toBe(false);
    await vi.waitFor(() => expect(session.name).toBe('ada'));
  });
  it('has a password found wrong where the browser does not ask for it by itself', async () => {
    const asked: string[] = [];
    const answer = (response: Response) => (url: RequestInfo | URL, init?: RequestInit) => {
      asked.push(`${String(url)} ${init?.credentials ?? ''} ${new Headers(init?.headers).get('Authorization') ?? ''}`);
      return Promise.resolve(response);
    };
    const base = 'https://master.example.org/';
    await expect(signInAsAsked(base, 'ada', 'x', answer(new Response('', { status: 401 })))).rejects.toThrow('password is wrong');
    expect(asked).toEqual([`${base}auth/login omit Basic ${btoa('ada:x')}`]);
    asked.length = 0;
    await signInAsAsked(base, 'ada', 'y', answer(new Response('')));
    expect(asked.map((one) => one.split(' ')[1])).toEqual(['omit', 'same-origin']);
  });
  it('takes a token from another tab', () => {
    const session = open();
    const end = session.listen();
    dispatchEvent(new StorageEvent('storage', { key: 'weir-token:https://master.example.org/', newValue: 'theirs' }));
    expect([session.signedIn, session.turn]).toEqual([true, 1]);
    dispatchEvent(new StorageEvent('storage', { key: 'weir-token:https://other.example.org/', newValue: null }));
    expect(session.turn).toBe(1);
    end();
  });
});

describe('readConfig', () => {
  const giving = (status: number, body: string) => (url: RequestInfo | URL) =>
    Promise.resolve(String(url).endsWith('config.json') ? new Response(body, { status }) : new Response('no', { status: 404 }));
  it('takes addresses relative to the page', async () => {
    expect(await readConfig(page, giving(200, '{"api": "."}'))).toMatchObject({ api: page, title: 'Weir', master: 'weir' });
    expect((await readConfig(page, giving(200, '{"api": "/master/", "title": "Pump"}')))).toMatchObject({ api: 'https://status.example.org/master/', title: 'Pump', master: 'weir' });
    expect((await readConfig(page, giving(200, '{"api": "https://m.example.org"}'))).api).toBe('https://m.example.org/');
  });
  it('shows the name that the master gives itself, where the file gives none', async () => {
    const ask = (url: RequestInfo | URL): Promise<Response> =>
      Promise.resolve(new Response(String(url) === 'https://m.example.org/ci/config' ? '{"title": "Pump"}' : '{"api": "https://m.example.org/ci"}'));
    expect(await readConfig(page, ask)).toMatchObject({ api: 'https://m.example.org/ci', title: 'Pump', master: 'weir' });
  });
  it('takes views and a theme from the page\'s own site only', async () => {
    const config = await readConfig(page, giving(200, '{"title": "Pump", "views": ["./views/pulse/view.js", 7], "theme": "/themes/paper.css"}'));
    expect(config.views).toEqual(['https://status.example.org/ci/views/pulse/view.js']);
    expect(config.settings).toEqual({});
    expect((await readConfig(page, giving(200, '{"settings": {"rows": 100}}'))).settings).toEqual({ rows: 100 });
    expect(config.theme).toBe('https://status.example.org/themes/paper.css');
    await expect(readConfig(page, giving(200, '{"views": ["https://elsewhere.example.org/view.js"]}'))).rejects.toThrow("on the page's own site");
    await expect(readConfig(page, giving(200, '{"theme": "data:text/css,*{}"}'))).rejects.toThrow("on the page's own site");
  });
  it('does without the file, but not with a broken one', async () => {
    expect((await readConfig(page, giving(404, 'no'))).api).toBe(page);
    await expect(readConfig(page, giving(200, '{"api": '))).rejects.toThrow('must hold a JSON object');
    await expect(readConfig(page, giving(500, ''))).rejects.toThrow('HTTP 500');
    await expect(readConfig(page, () => Promise.reject(new TypeError('failed')))).rejects.toThrow('did not give config.json');
  });
});
