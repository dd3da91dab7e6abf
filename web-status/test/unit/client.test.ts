// @vitest-environment node
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { ApiError, Client, ControlError, isRefused, UnreachableError } from '../../client/index.ts';
import { Mock } from '../mock/server.ts';

let mock: Mock;
let base: string;
let client: Client;
beforeEach(async () => {
  mock = new Mock({ builders: 3, token: 'secret' });
  base = await mock.listen();
  client = new Client({ base, token: () => 'secret' });
});
afterEach(() => mock.close());

const answering = (body: string, init: ResponseInit = {}): Client =>
  new Client({ base: 'http://x', fetch: () => Promise.resolve(new Response(body, init)) });

describe('reading', () => {
  it('gives objects and the cursor at which they are true', async () => {
    const { data, cursor } = await client.list('builders', 'builders', { order: '-name', limit: 2 });
    expect(data.map((builder) => builder.name)).toEqual(['macos-arm64', 'linux-gcc']);
    expect(cursor).toBe(mock.world.cursor);
    expect((await client.get('workers', 'workers/1')).data.name).toBe('lab-1');
  });
  it('gives no cursor where the server sends none', async () => {
    expect((await answering('{"builders":[],"meta":{}}').list('builders', 'builders')).cursor).toBeNull();
  });
  it('reads lines of a log', async () => {
    const chunk = await client.lines(1, 1, 2);
    expect(chunk.firstline).toBe(1);
    expect(chunk.content.split('\n')).toHaveLength(3);
  });
  it('says what was wrong', async () => {
    await expect(client.get('builders', 'builders/99')).rejects.toMatchObject({ status: 404, message: 'Invalid path: builders/99' });
    await expect(client.list('builders', 'builders', { colour: 'red' })).rejects.toThrow("unrecognized query parameter 'colour'");
    await expect(answering('<html>', { status: 502 }).list('builds', 'builds')).rejects.toThrow('HTTP 502');
    await expect(answering('<html>').list('builds', 'builds')).rejects.toBeInstanceOf(ApiError);
    await expect(answering('{"builds":[]}').get('builds', 'builds/1')).rejects.toMatchObject({ status: 404 });
  });
  it('tells a server that is not there from one that refuses', async () => {
    mock.down = true;
    await expect(client.list('builders', 'builders')).rejects.toBeInstanceOf(UnreachableError);
    const never = new Client({ base, timeout: 0.01, fetch: (_, init) => new Promise((_resolve, reject) => init?.signal?.addEventListener('abort', () => reject(new Error('aborted')))) });
    await expect(never.list('builders', 'builders')).rejects.toThrow('no answer within 0.01 s');
  });
  it('leaves the caller its own abort', async () => {
    const stop = new AbortController();
    const reading = client.list('builders', 'builders', {}, stop.signal);
    stop.abort();
    await expect(reading).rejects.not.toBeInstanceOf(UnreachableError);
  });
  it('makes addresses below any path', () => {
    expect(new Client({ base: 'http://x/ci' }).address('logs/1/raw', { a: 1 })).toBe('http://x/ci/api/v2/logs/1/raw?a=1');
  });
});

describe('control', () => {
  it('forces a build and gives its request', async () => {
    const { bsid, requests } = await client.force('force', 2, { reason: 'because', branch: 'main' });
    expect(requests.get(2)).toBe(mock.world.requests.at(-1)?.buildrequestid);
    expect(bsid).toBe(mock.world.buildsets.at(-1)?.bsid);
    expect(mock.world.buildsets.at(-1)?.reason).toBe('because');
  });
  it('gives what is wrong with the values, by field', async () => {
    const error = await client.force('force', 2, { reason: '', branch: 'nowhere' }).catch((one: unknown) => one);
    expect(error).toBeInstanceOf(ControlError);
    expect(error).toMatchObject({ code: -32602, fields: { branch: 'There is no branch nowhere.', reason: 'A reason is required.' } });
  });
  it('is refused without a token, in the words of the server', async () => {
    const error = await new Client({ base }).stop(1, 'x').catch((one: unknown) => one);
    expect(isRefused(error)).toBe(true);
    expect(error).toMatchObject({ status: 403, message: 'anonymous may not control builds' });
    expect(isRefused(new ApiError(404, 'x', 'x'))).toBe(false);
  });
  it('cancels, rebuilds and pauses', async () => {
    const request = mock.world.request(1, 'x');
    await client.cancel(request.buildrequestid, 'no');
    expect(request.complete).toBe(true);
    expect((await client.rebuild(1)).requests.size).toBe(1);
    await client.pauseWorker(1, true);
    expect(mock.world.workers[0]?.paused).toBe(true);
  });
});
