import { parseRoute, type Route } from './route.ts';

/** Where the page is now. */
class Place {
  #hash = $state(location.hash);
  readonly route: Route = $derived(parseRoute(this.#hash));

  constructor() {
    addEventListener('hashchange', () => (this.#hash = location.hash));
  }

  /** Goes to another address without a new entry in the browser's history. */
  replace(hash: string): void {
    history.replaceState(null, '', hash);
    this.#hash = hash;
  }
}

export const place = new Place();
