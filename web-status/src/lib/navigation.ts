import type { View } from './view.ts';

/** An entry of the main navigation. */
export interface Entry {
  name: string;
  text: () => string;
  href: string;
  /** Stands in the bar where there is room; the others are in the menu. */
  bar: boolean;
  /** The key that leads there behind `g`. */
  key: string | undefined;
}

/** Where the views of this house stand, and their keys; a view from elsewhere says it by itself. */
const PLACES: Record<string, { bar?: true; key: string }> = {
  home: { bar: true, key: 'h' },
  builders: { bar: true, key: 'b' },
  waterfall: { bar: true, key: 'w' },
  grid: { bar: true, key: 'g' },
  console: { bar: true, key: 'c' },
  changes: { bar: true, key: 'n' },
  workers: { bar: true, key: 'k' },
  tgrid: { key: 't' },
  projects: { key: 'p' },
  requests: { key: 'r' },
  schedulers: { key: 's' },
  listeners: { key: 'l' },
  masters: { key: 'm' },
  settings: { key: ',' },
  about: { key: 'u' },
};

/** The entries of the navigation in their order. */
export function entriesOf(views: readonly View[]): Entry[] {
  const found = views.flatMap(({ name, nav, paths: [path = ''] }) => (nav ? [{ name, nav, path }] : []));
  found.sort((one, other) => one.nav.order - other.nav.order);
  return found.map(({ name, nav, path }) => ({
    name,
    text: nav.text,
    href: `#/${path}`,
    bar: nav.bar ?? PLACES[name]?.bar ?? false,
    key: nav.key ?? PLACES[name]?.key,
  }));
}

/** Those that stand in a bar with `room` for so many, and those in the menu behind it. */
export function share(entries: readonly Entry[], room: number): { bar: Entry[]; menu: Entry[] } {
  const bar = entries.filter((entry) => entry.bar).slice(0, room);
  return { bar, menu: entries.filter((entry) => !bar.includes(entry)) };
}

/** The address that an empty one stands for: that of the view `chosen`, where it can be opened without more, else of the usual one. */
export function firstPath(views: readonly View[], chosen: string): string {
  for (const name of [chosen, 'home', 'builders']) {
    const path = views.find((view) => view.name === name && view.nav)?.paths[0];
    if (path !== undefined) return path;
  }
  return 'builders';
}
