import { beforeEach, describe, expect, it } from 'vitest';

import { begin, CHOICES, choose, parseSettings, reset, settings } from '../../src/lib/settings.svelte.ts';

beforeEach(() => reset());

describe('settings', () => {
  it('begin with the first of each choice', () => {
    for (const name of Object.keys(CHOICES) as (keyof typeof CHOICES)[]) expect(settings[name]).toBe(CHOICES[name][0]);
    expect(settings.first).toBe('');
  });
  it('keep what was chosen, and nothing else', () => {
    choose('theme', 'dark');
    choose('rows', 100);
    expect(settings.theme).toBe('dark');
    expect(JSON.parse(localStorage.getItem('weir-settings') ?? '')).toEqual({ theme: 'dark', rows: 100 });
    choose('theme', 'system');
    expect(JSON.parse(localStorage.getItem('weir-settings') ?? '')).toEqual({ rows: 100 });
    reset();
    expect(localStorage.getItem('weir-settings')).toBeNull();
  });
  it('take what fits of what was kept, one by one', () => {
    const usual = parseSettings(undefined);
    for (const text of ['', 'nonsense', 'null', '7', '[]', '{"theme":"pink","rows":"100","first":5,"shortcuts":0}']) expect(parseSettings(text)).toEqual(usual);
    expect(parseSettings('{"theme":"pink","zone":"utc","shortcuts":false}')).toEqual({ ...usual, zone: 'utc', shortcuts: false });
  });
  it('begin as the deployment wants, until the reader chooses something else', () => {
    choose('rows', 100);
    begin({ theme: 'dark', rows: 200, first: 'waterfall', density: 'tight', more: 1 });
    expect([settings.theme, settings.rows, settings.first, settings.density]).toEqual(['dark', 100, 'waterfall', 'comfortable']);
    choose('theme', 'system');
    expect(JSON.parse(localStorage.getItem('weir-settings') ?? '')).toEqual({ theme: 'system', rows: 100 });
    reset();
    expect([settings.theme, settings.rows]).toEqual(['dark', 200]);
    begin({});
    expect([settings.theme, settings.rows, settings.first]).toEqual(['system', 50, '']);
  });
  it('follow another tab', () => {
    dispatchEvent(new StorageEvent('storage', { key: 'weir-settings', newValue: '{"zone":"utc"}' }));
    expect(settings.zone).toBe('utc');
    dispatchEvent(new StorageEvent('storage', { key: 'else', newValue: '{}' }));
    expect(settings.zone).toBe('utc');
    dispatchEvent(new StorageEvent('storage', { key: null, newValue: null }));
    expect(settings.zone).toBe('local');
  });
});
