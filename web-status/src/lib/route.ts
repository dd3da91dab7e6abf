import type { View } from './view.ts';

/** Lines of a log that a link points to, from 1, both included. */
export interface LineRange {
  first: number;
  last: number;
}

/** A place in the application, as the part of the page's address behind `#/` tells it. */
export interface Address {
  /** Its words as they are, such as `builders/1/builds/2`. */
  path: string;
  /** What the words of the view's pattern stand for. */
  params: Readonly<Record<string, string>>;
  /** What stands behind `?`: filters and choices of the view, which a shared link keeps. */
  query: URLSearchParams;
  /** What stands behind a second `#`, such as lines of a log. */
  anchor: string;
}

/** A place and the view that shows it; without a view there is nothing at that address. */
export interface Route {
  view: View | undefined;
  address: Address;
}

/**
 * Reads a hash such as `#/builders/1/builds/2`, `#/builders?q=linux` or `#/builders/1/builds/2/steps/3/logs/stdio#L12-L20`.
 * `first` is the address that an empty one stands for.
 */
export function parseRoute(hash: string, views: readonly View[], first = 'builders'): Route {
  const [place = '', anchor = ''] = hash.replace(/^#\/?/, '').split(/#(.*)/s);
  const [path = '', query = ''] = place.split(/\?(.*)/s);
  const words = (path === '' ? first : path).split('/').filter((word) => word !== '');
  const address = { path, query: new URLSearchParams(query), anchor };
  for (const view of views) {
    for (const pattern of view.paths) {
      const params = match(pattern.split('/'), words);
      if (params) return { view, address: { ...address, params } };
    }
  }
  return { view: undefined, address: { ...address, params: {} } };
}

function match(pattern: string[], words: string[]): Record<string, string> | undefined {
  if (pattern.length !== words.length) return undefined;
  const params: Record<string, string> = {};
  for (const [at, part] of pattern.entries()) {
    const word = words[at] ?? '';
    if (part.startsWith(':')) params[part.slice(1)] = decode(word);
    else if (part.startsWith('#') ? !/^\d{1,15}$/.test(word) : part !== word) return undefined;
    else if (part.startsWith('#')) params[part.slice(1)] = word;
  }
  return params;
}

/** A whole number among the params: `#name` in a pattern has seen to it that it is one. */
export function idOf(address: Address, name: string): number {
  return Number(address.params[name]);
}

/** What a view is kept for: a new query or line does not make a new page of it. */
export function viewKey({ view, address }: Route): string {
  return JSON.stringify([view?.name ?? address.path, address.params]);
}

/** A hash with parameters of its query set, or left out where undefined, empty or an empty list. */
export function withQuery(address: Address, changes: Record<string, string | string[] | undefined>): string {
  const query = new URLSearchParams(address.query);
  for (const [name, value] of Object.entries(changes)) {
    query.delete(name);
    for (const one of [value ?? []].flat()) if (one !== '') query.append(name, one);
  }
  const text = query.toString();
  return `#/${address.path}${text === '' ? '' : `?${text}`}`;
}

/** The same place with a builder's number instead of its name. */
export function withBuilder(address: Address, builderid: number): string {
  const rest = address.path.split('/').filter((word) => word !== '').slice(2);
  const query = address.query.toString();
  return `#/${['builders', builderid, ...rest].join('/')}${query === '' ? '' : `?${query}`}${address.anchor === '' ? '' : `#${address.anchor}`}`;
}

/** Reads `L12` or `L12-L20`, in any order. */
export function parseLines(anchor: string): LineRange | undefined {
  const found = /^L(\d{1,12})(?:-L?(\d{1,12}))?$/.exec(anchor);
  if (!found) return undefined;
  const one = Number(found[1]);
  const other = Number(found[2] ?? found[1]);
  return one < 1 || other < 1 ? undefined : { first: Math.min(one, other), last: Math.max(one, other) };
}

function decode(word: string): string {
  try {
    return decodeURIComponent(word);
  } catch {
    return word;
  }
}

/** Addresses of the places, for links. */
export const to = {
  /** What the reader wants to see first. */
  first: (): string => '#/',
  home: (): string => '#/home',
  builders: (search = ''): string => (search === '' ? '#/builders' : `#/builders?${new URLSearchParams({ q: search })}`),
  builder: (id: number): string => `#/builders/${id}`,
  build: (id: number, number: number): string => `#/builders/${id}/builds/${number}`,
  /** The history of a test of a builder. */
  test: (id: number, name: string): string => `#/builders/${id}/tests?${new URLSearchParams({ name })}`,
  step: (id: number, number: number, step: number): string => `#/builders/${id}/builds/${number}#step-${step}`,
  log: (id: number, number: number, step: number, slug: string): string =>
    `#/builders/${id}/builds/${number}/steps/${step}/logs/${encodeURIComponent(slug)}`,
  projects: (): string => '#/projects',
  project: (id: number): string => `#/projects/${id}`,
  waterfall: (): string => '#/waterfall',
  grid: (): string => '#/grid',
  tgrid: (): string => '#/tgrid',
  console: (): string => '#/console',
  workers: (): string => '#/workers',
  worker: (id: number): string => `#/workers/${id}`,
  schedulers: (): string => '#/schedulers',
  /** The listeners, with the dead letters of one or of all. */
  listeners: (name = ''): string => (name === '' ? '#/listeners' : `#/listeners?${new URLSearchParams({ listener: name })}`),
  requests: (): string => '#/pendingbuildrequests',
  request: (id: number): string => `#/buildrequests/${id}`,
  buildset: (id: number): string => `#/buildsets/${id}`,
  changes: (): string => '#/changes',
  change: (id: number): string => `#/changes/${id}`,
  masters: (): string => '#/masters',
  settings: (): string => '#/settings',
  about: (): string => '#/about',
};

/** The address of a line, or of a range of lines, of the log at `log`. */
export function lineAddress(log: string, lines: LineRange): string {
  return lines.first === lines.last ? `${log}#L${lines.first}` : `${log}#L${lines.first}-L${lines.last}`;
}
