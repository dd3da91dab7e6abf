import { errorText } from './format.ts';
import { VIEW_VERSION, type OutsideView, type View } from './view.ts';

/** Milliseconds that a view from outside, or a theme, is waited for before the page is shown. */
const PATIENCE = 3000;
/** The place in the navigation of those that name none. */
const ORDER = 500;

/** A view from outside, or one that tells in its place what is wrong with it. */
export interface Outside {
  view: View;
  broken: boolean;
}

/** Reads a module. */
export type ReadModule = (address: string) => Promise<unknown>;
const readModule: ReadModule = (address) => import(/* @vite-ignore */ address);

/** Reads the views that `config.json` names. None of them keeps the page from being shown. */
export function readViews(addresses: readonly string[], read = readModule, patience = PATIENCE): Promise<Outside[]> {
  return Promise.all(
    addresses.map(async (address) => {
      try {
        const module = await within(read(address), patience);
        return { view: viewOf((module as { default?: unknown }).default), broken: false };
      } catch (error) {
        return { view: brokenView(address, new Error(`The view at ${address}: ${errorText(error)}`, { cause: error })), broken: true };
      }
    }),
  );
}

/** Adds them to the page's own: each takes the place of the one with its name, and what is broken that of none. */
export function admit(own: readonly View[], outside: readonly Outside[]): View[] {
  const all = new Map(own.map((view) => [view.name, view]));
  // Their addresses are looked for first.
  const first: View[] = [];
  for (const { view, broken } of outside) {
    if (broken && all.has(view.name)) continue;
    all.delete(view.name);
    first.push(view);
  }
  return [...first, ...all.values()];
}

function within<T>(work: Promise<T>, patience: number): Promise<T> {
  const late = new Promise<never>((_, reject) => setTimeout(() => reject(new Error(`It was not read within ${patience / 1000} s.`)), patience));
  return Promise.race([work, late]);
}

/** Checks what comes from elsewhere, so that what is wrong is told where it is, and once. */
function viewOf(given: unknown): View {
  if (typeof given !== 'object' || given === null) throw new Error('Its default export is no view.');
  const { version, name, paths, nav, within, load } = given as Partial<OutsideView>;
  if (version !== VIEW_VERSION) throw new Error(`It was written for version ${String(version)} of views; this page has ${VIEW_VERSION}.`);
  if (typeof name !== 'string' || !/^[\w-]+$/.test(name)) throw new Error('Its name has to be a word.');
  if (!Array.isArray(paths) || paths.length === 0 || !paths.every((path) => typeof path === 'string')) throw new Error('It has to name its paths.');
  if (typeof load !== 'function') throw new Error('It has no function load.');
  const view: View = {
    name,
    paths,
    async load() {
      const loaded = await load();
      if (typeof (loaded as { mount?: unknown } | undefined)?.mount !== 'function') throw new Error(`The view ${name} loads nothing that has a function mount.`);
      return loaded;
    },
  };
  if (typeof within === 'string') view.within = within;
  if (nav) view.nav = { ...nav, order: Number(nav.order ?? ORDER), text: () => textOf(nav.text, name) };
  return view;
}

function textOf(text: unknown, name: string): string {
  const said: unknown = typeof text === 'function' ? (text as (language: string) => unknown)(languageNow()) : text;
  return typeof said === 'string' && said !== '' ? said : name;
}

/** The language that the page speaks. */
export const languageNow = (): string => document.documentElement.lang || 'en';

/** A view by the name of its folder or file, whose place tells what is wrong. */
function brokenView(address: string, error: Error): View {
  const words = new URL(address, 'http://page/').pathname.split('/').map((word) => word.replace(/\.\w+$/, ''));
  const name = words.findLast((word) => /^[\w-]+$/.test(word) && word !== 'view' && word !== 'index') ?? 'view';
  return { name, paths: [name], nav: { text: () => name, order: ORDER }, load: () => Promise.reject(error) };
}

/** Puts a theme over the page's own style: a file that sets custom properties. Without it the page looks as usual. */
export function wear(theme: string, patience = PATIENCE): Promise<void> {
  const link = Object.assign(document.createElement('link'), { rel: 'stylesheet', href: theme });
  return new Promise((resolve) => {
    link.addEventListener('load', () => resolve());
    link.addEventListener('error', () => resolve());
    setTimeout(resolve, patience);
    document.head.append(link);
  });
}
