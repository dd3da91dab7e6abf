import { describe, expect, it } from 'vitest';

import { admit, readViews, type Outside } from '../../src/lib/outside.ts';
import type { View } from '../../src/lib/view.ts';

const mountable = { mount: () => undefined };
const good = { version: 1, name: 'pulse', paths: ['pulse'], nav: { text: { toString: () => 'no text' } }, load: () => Promise.resolve(mountable) };
const reading = async (exported: unknown, address = 'https://x/views/pulse/view.js'): Promise<Outside> => {
  const [found] = await readViews([address], () => Promise.resolve({ default: exported }));
  if (!found) throw new Error('There is no view.');
  return found;
};
const own = (...names: string[]): View[] => names.map((name) => ({ name, paths: [name], load: () => Promise.reject(new Error('not read')) }));

describe('views from outside', () => {
  it('are read, with their texts in the language of the page', async () => {
    const { view, broken } = await reading({ ...good, nav: { text: (language: string) => `Pulse (${language})`, order: 3, key: 'x' } });
    expect(broken).toBe(false);
    expect(view.nav).toMatchObject({ order: 3, key: 'x' });
    expect(view.nav?.text()).toBe('Pulse (en)');
    expect(await view.load()).toBe(mountable);
    expect((await reading(good)).view.nav?.text()).toBe('pulse');
  });
  it.each([
    ['no view', undefined, 'is no view'],
    ['another version', { ...good, version: 2 }, 'version 2 of views; this page has 1'],
    ['no name', { ...good, name: 'a/b' }, 'a word'],
    ['no paths', { ...good, paths: [] }, 'paths'],
    ['nothing to load', { ...good, load: 7 }, 'no function load'],
  ])('tell in their own place what is wrong: %s', async (_, exported, why) => {
    const { view, broken } = await reading(exported);
    expect(broken).toBe(true);
    expect([view.name, view.paths, view.nav?.text()]).toEqual(['pulse', ['pulse'], 'pulse']);
    await expect(view.load()).rejects.toThrow(why);
    await expect(view.load()).rejects.toThrow('https://x/views/pulse/view.js');
  });
  it('fail by themselves where they load nothing that can be shown', async () => {
    const { view } = await reading({ ...good, load: () => Promise.resolve({}) });
    await expect(view.load()).rejects.toThrow('has a function mount');
  });
  it('do not keep the page waiting', async () => {
    const never = (): Promise<unknown> => new Promise(() => undefined);
    const [late] = await readViews(['https://x/clock.js'], never, 5);
    expect(late?.view.name).toBe('clock');
    await expect(late?.view.load()).rejects.toThrow('not read within');
  });
  it('take the place of a view of their name, unless they are broken', async () => {
    const pulse = await reading(good);
    expect(admit(own('home', 'pulse'), [pulse]).map(({ name }) => name)).toEqual(['pulse', 'home']);
    expect(admit(own('home', 'pulse'), [pulse])[0]).toBe(pulse.view);
    const broken = await reading(undefined, 'https://x/views/home.js');
    expect(admit(own('home', 'builders'), [broken])).toEqual(own('home', 'builders').map(({ name }) => expect.objectContaining({ name })));
  });
});
