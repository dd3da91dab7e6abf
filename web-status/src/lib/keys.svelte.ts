import { onMount } from 'svelte';

import { settings } from './settings.svelte.ts';

/** Something that keys do. */
export interface Shortcut {
  /**
   * `j`: a key by its name (`KeyboardEvent.key`); `g b`: one after the other; `Mod+k`: with Ctrl, or ⌘ on a Mac. Single keys do
   * nothing while one types into a field or a dialog is open, and can be turned off in the settings.
   */
  keys: string;
  /** What it does, for the sheet of all keys; asked each time, since the reader may take another language. */
  text: () => string;
  /** The heading under which the sheet shows it; `view`, where left out: what is possible on this page. */
  group?: 'go' | 'page' | 'view';
  run: () => void;
}

/** Milliseconds within which a second key has to follow. */
const PATIENCE = 1500;

let lists: readonly (readonly Shortcut[])[] = $state.raw([]);

/** Lets keys do something while the calling component is on the page. What comes later goes before what was there. */
export function shortcuts(list: readonly Shortcut[]): void {
  onMount(() => register(list));
}

/** The same without a component; gives what ends it. */
export function register(list: readonly Shortcut[]): () => void {
  lists = [...lists, list];
  return () => void (lists = lists.filter((one) => one !== list));
}

/** All that keys do now: each key once, as the sheet shows them. */
export function registered(): Shortcut[] {
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- never changes once it is made
  return [...new Map(lists.flat().map((one) => [one.keys, one])).values()];
}

let begun = '';
let timer: ReturnType<typeof setTimeout> | undefined;

/** Takes a key that was pressed anywhere on the page. */
export function press(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing || event.altKey || MODIFIERS.has(event.key)) return;
  const modified = event.ctrlKey || event.metaKey;
  if (!modified && (!settings.shortcuts || types(event.target))) return;
  if (document.querySelector('dialog[open]')) return;
  const name = modified ? `Mod+${event.key.toLowerCase()}` : event.key;
  const before = begun;
  forget();
  if (take(before === '' ? name : `${before} ${name}`) || (before !== '' && take(name))) event.preventDefault();
}

const MODIFIERS = new Set(['Shift', 'Control', 'Alt', 'Meta', 'AltGraph', 'CapsLock', 'Dead']);

/** Does what the keys stand for, or waits for the next one; false where they are nothing. */
function take(keys: string): boolean {
  const all = registered();
  const found = all.find((one) => one.keys === keys);
  if (found) {
    found.run();
    return true;
  }
  if (!all.some((one) => one.keys.startsWith(`${keys} `))) return false;
  begun = keys;
  timer = setTimeout(forget, PATIENCE);
  return true;
}

function forget(): void {
  begun = '';
  clearTimeout(timer);
}

/** Whether what is pressed there is text. */
function types(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches('textarea, select, input:not([type=checkbox], [type=radio], [type=button])'));
}

/** The keys of a shortcut, as they are written on keyboards. */
export function keyNames(keys: string, mac = /mac|iphone|ipad/i.test(navigator.userAgent)): string[] {
  return keys.split(' ').map((key) => key.replace('Mod+', mac ? '⌘ ' : 'Ctrl ').replace(/\b[a-z]$/, (letter) => (key.includes('+') ? letter.toUpperCase() : letter)));
}
