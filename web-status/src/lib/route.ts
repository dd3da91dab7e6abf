/** Lines of a log that a link points to, from 1, both included. */
export interface LineRange {
  first: number;
  last: number;
}

/** A place in the application, as the part of the address behind `#`. */
export type Route =
  | { view: 'builders'; search: string }
  | { view: 'builder'; builderid: number }
  | { view: 'build'; builderid: number; number: number }
  | { view: 'log'; builderid: number; number: number; step: number; slug: string; lines: LineRange | undefined }
  | { view: 'workers' }
  | { view: 'changes' }
  | { view: 'unknown'; path: string };

/** Reads a hash such as `#/builders/1/builds/2`, `#/builders?q=linux` or `#/builders/1/builds/2/steps/3/logs/stdio#L12-L20`. */
export function parseRoute(hash: string): Route {
  const [place = '', anchor = ''] = hash.replace(/^#\/?/, '').split(/#(.*)/s);
  const [path = '', query = ''] = place.split(/\?(.*)/s);
  const words = path.split('/').filter((word) => word !== '');
  const unknown: Route = { view: 'unknown', path };
  if (words.length === 0) return { view: 'builders', search: searchOf(query) };
  if (words.length === 1 && words[0] === 'workers') return { view: 'workers' };
  if (words.length === 1 && words[0] === 'changes') return { view: 'changes' };
  if (words[0] !== 'builders') return unknown;
  return builderRoute(words, searchOf(query), anchor) ?? unknown;
}

function builderRoute(words: string[], search: string, anchor: string): Route | undefined {
  const id = (at: number): number => (/^\d+$/.test(words[at] ?? '') ? Number(words[at]) : NaN);
  if (words.length === 1) return { view: 'builders', search };
  const builderid = id(1);
  if (Number.isNaN(builderid)) return undefined;
  if (words.length === 2) return { view: 'builder', builderid };
  const number = id(3);
  if (words[2] !== 'builds' || Number.isNaN(number)) return undefined;
  if (words.length === 4) return { view: 'build', builderid, number };
  const step = id(5);
  if (words[4] !== 'steps' || words[6] !== 'logs' || words.length !== 8 || Number.isNaN(step)) return undefined;
  return { view: 'log', builderid, number, step, slug: decode(words[7] ?? ''), lines: parseLines(anchor) };
}

/** What a view is kept for: a new search or line does not make a new page of it. */
export function viewKey(route: Route): string {
  return JSON.stringify({ ...route, search: '', lines: null });
}

/** Reads `L12` or `L12-L20`, in any order. */
export function parseLines(anchor: string): LineRange | undefined {
  const found = /^L(\d{1,12})(?:-L?(\d{1,12}))?$/.exec(anchor);
  if (!found) return undefined;
  const one = Number(found[1]);
  const other = Number(found[2] ?? found[1]);
  return one < 1 || other < 1 ? undefined : { first: Math.min(one, other), last: Math.max(one, other) };
}

function searchOf(query: string): string {
  return new URLSearchParams(query).get('q') ?? '';
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
  builders: (search = ''): string => (search === '' ? '#/builders' : `#/builders?${new URLSearchParams({ q: search })}`),
  builder: (id: number): string => `#/builders/${id}`,
  build: (id: number, number: number): string => `#/builders/${id}/builds/${number}`,
  log: (id: number, number: number, step: number, slug: string): string =>
    `#/builders/${id}/builds/${number}/steps/${step}/logs/${encodeURIComponent(slug)}`,
  workers: (): string => '#/workers',
  changes: (): string => '#/changes',
};

/** The address of a line, or of a range of lines, of the log at `log`. */
export function lineAddress(log: string, lines: LineRange): string {
  return lines.first === lines.last ? `${log}#L${lines.first}` : `${log}#L${lines.first}-L${lines.last}`;
}
