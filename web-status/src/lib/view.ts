import type { Component } from 'svelte';

import type { Address } from './route.ts';

/**
 * A view of the page: one folder below `src/views/`, whose `view.ts` exports one of these as `view`. That is all there is
 * to do: folders are found by themselves.
 */
export interface View {
  /** What it is called in marks for tests (`nav-NAME`) and in the reader's settings. */
  name: string;
  /** Its addresses behind `#/`: `#id` stands for a whole number, `:name` for any other word. */
  paths: string[];
  /** Its entry in the main navigation; left out where others lead to it. */
  nav?: NavEntry;
  /** The name of the view whose entry is marked while this one is shown; its own where left out. */
  within?: string;
  /** Reads the component, when it is looked at for the first time. */
  load: () => Promise<{ default: Component<ViewProps> | Component<Record<string, never>> }>;
}

/** An entry of the main navigation. */
export interface NavEntry {
  /** What it says, asked each time, since the reader may take another language. */
  text: () => string;
  /** Its place: lower numbers come first. */
  order: number;
  /** Whether it stands in the bar where there is room, and not only in the menu. */
  bar?: boolean;
  /** The key that leads there behind `g`. */
  key?: string;
}

/** What a view's component is given. It is made anew for other `params`, and stays for another query or anchor. */
export interface ViewProps {
  address: Address;
}
