import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { keyNames, press, register, registered } from '../../src/lib/keys.svelte.ts';
import { choose, reset } from '../../src/lib/settings.svelte.ts';

let ends: (() => void)[] = [];
const on = (keys: string): ReturnType<typeof vi.fn> => {
  const run = vi.fn();
  ends.push(register([{ keys, text: () => keys, run: () => void run() }]));
  return run;
};
/** Presses a key at an element; true where the page took it. */
function hit(key: string, options: KeyboardEventInit = {}, target: HTMLElement = document.body): boolean {
  const event = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...options });
  Object.defineProperty(event, 'target', { value: target });
  press(event);
  return event.defaultPrevented;
}

beforeEach(() => {
  vi.useFakeTimers();
  reset();
});
afterEach(() => {
  for (const end of ends) end();
  ends = [];
  document.body.replaceChildren();
  vi.runAllTimers();
  vi.useRealTimers();
});

describe('keys', () => {
  it('do what was registered last, until it is gone', () => {
    const page = on('/');
    const view = on('/');
    expect(hit('/')).toBe(true);
    expect([page.mock.calls.length, view.mock.calls.length]).toEqual([0, 1]);
    expect(registered().filter(({ keys }) => keys === '/').length).toBe(1);
    ends.pop()?.();
    hit('/');
    expect(page).toHaveBeenCalledOnce();
    expect(hit('x')).toBe(false);
  });
  it('follow one another within a moment', () => {
    const builders = on('g b');
    const b = on('b');
    expect(hit('g')).toBe(true);
    hit('b');
    expect(builders).toHaveBeenCalledOnce();
    hit('g');
    vi.advanceTimersByTime(2000);
    hit('b');
    expect([builders.mock.calls.length, b.mock.calls.length]).toEqual([1, 1]);
    // A second key that leads nowhere counts by itself.
    on('j');
    hit('g');
    expect(hit('j')).toBe(true);
  });
  it('leave alone what is typed, dialogs, and other modifiers', () => {
    const run = on('j');
    const jump = on('Mod+k');
    for (const name of ['input', 'textarea', 'select']) expect(hit('j', {}, document.createElement(name))).toBe(false);
    const box = document.createElement('input');
    box.type = 'checkbox';
    expect(hit('j', { altKey: true })).toBe(false);
    expect(hit('j', { isComposing: true })).toBe(false);
    expect(hit('j', { ctrlKey: true })).toBe(false);
    expect(run).not.toHaveBeenCalled();
    expect(hit('j', {}, box)).toBe(true);
    expect(hit('k', { ctrlKey: true }, document.createElement('input'))).toBe(true);
    expect(hit('K', { metaKey: true })).toBe(true);
    expect(jump).toHaveBeenCalledTimes(2);
    const dialog = document.body.appendChild(document.createElement('dialog'));
    dialog.setAttribute('open', '');
    expect(hit('j')).toBe(false);
  });
  it('can be turned off, but for those with a modifier', () => {
    const run = on('j');
    const jump = on('Mod+k');
    choose('shortcuts', false);
    hit('j');
    hit('k', { ctrlKey: true });
    expect([run.mock.calls.length, jump.mock.calls.length]).toEqual([0, 1]);
  });
  it('are named as on keyboards', () => {
    expect(keyNames('g b')).toEqual(['g', 'b']);
    expect(keyNames('Mod+k', false)).toEqual(['Ctrl K']);
    expect(keyNames('Mod+k', true)).toEqual(['⌘ K']);
  });
});
