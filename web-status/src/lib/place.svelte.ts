import { views } from '../views/views.ts';
import { firstPath } from './navigation.ts';
import { parseRoute, withQuery, type Route } from './route.ts';
import { settings } from './settings.svelte.ts';

/** Where the page is now. */
class Place {
  #hash = $state(location.hash);
  readonly route: Route = $derived(parseRoute(this.#hash, views, firstPath(views, settings.first)));

  constructor() {
    addEventListener('hashchange', () => (this.#hash = location.hash));
  }

  /** Goes to another address without a new entry in the browser's history. */
  replace(hash: string): void {
    history.replaceState(null, '', hash);
    this.#hash = hash;
  }

  /** Sets filters and choices in the address, where a shared link and a reload find them; undefined takes one out. */
  query(changes: Record<string, string | string[] | undefined>): void {
    this.replace(withQuery(this.route.address, changes));
  }
}

export const place = new Place();
