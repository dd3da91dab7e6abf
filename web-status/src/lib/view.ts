import type { Component } from 'svelte';

import type { Client, Collection, CollectionName, CollectionOptions, Resources } from '../../client/index.ts';
import type { Address, to } from './route.ts';
import type { Status, statusOf } from './status.ts';

/** The version of what views from outside are told and given: another one as soon as something of it goes, or means something else. */
export const VIEW_VERSION = 1;

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
  load: () => Promise<{ default: Component<ViewProps> | Component<Record<string, never>> } | Mountable>;
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

/**
 * A view from outside of the page: what a module that `config.json` names exports by default. One that has the name of a
 * view of the page takes its place.
 */
export interface OutsideView extends Omit<View, 'nav' | 'load'> {
  /** The version of this interface that it was written for. */
  version: typeof VIEW_VERSION;
  /** As a view's, with a text for all languages, or one for each (`en`, `de`). */
  nav?: Omit<NavEntry, 'text'> & { text: string | ((language: string) => string) };
  /** Reads what draws it, when it is looked at for the first time. */
  load: () => Promise<Mountable>;
}

/** What draws itself, with any framework or none. */
export interface Mountable {
  /** Draws into an element that is its own until it is destroyed. What it throws is shown in the view's place. */
  mount: (target: HTMLElement, context: ViewContext) => Mounted | undefined;
}

/** What was drawn. */
export interface Mounted {
  /** Takes another query or anchor of its address; without this, it is destroyed and drawn anew for each. */
  update?: (address: Address) => void;
  /** Takes back what it did beyond its element: timers, listeners. Collections of its context end by themselves. */
  destroy?: () => void;
}

/** What the page gives to what draws itself. */
export interface ViewContext {
  readonly version: typeof VIEW_VERSION;
  /** Where the reader is: `params` of the path, `query` and `anchor`. */
  readonly address: Address;
  /** The name of the page. */
  readonly title: string;
  /** Talks to the master, with the reader's API token where there is one. */
  readonly client: Client;
  /** Live rows of a resource; they end with the view, and the page's header tells how they are doing. */
  collection<R extends CollectionName>(resource: R, options?: CollectionOptions<Resources[R]>): Collection<Resources[R]>;
  readonly session: {
    /** Whether there is a token. */
    readonly signedIn: boolean;
    /** Carries out a command; where it is refused, asks the reader for a token and tries again. */
    act<T>(work: () => Promise<T>): Promise<T>;
  };
  /** Addresses of the page's views, for links. */
  readonly to: typeof to;
  /** Sets choices in the query of the page's address, where a shared link finds them; undefined takes one out. */
  query(changes: Record<string, string | string[] | undefined>): void;
  /** The language that the page speaks now, such as `de`. After it has changed, the view is updated. */
  readonly language: string;
  readonly status: {
    /** How a build, step or request stands. */
    of: typeof statusOf;
    /** The word for that, in the page's language. */
    word(status: Status): string;
  };
  /** Times and durations as the page writes them; UTC seconds each. */
  readonly format: {
    ago(at: number, now: number): string;
    when(at: number): string;
    duration(seconds: number): string;
  };
  /** Shows an error in the view's place, such as one that comes later than `mount`. */
  fail(error: unknown): void;
}
