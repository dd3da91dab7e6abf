import { SvelteMap } from 'svelte/reactivity';

import { Table as Rows } from '../../client/index.ts';

/** The client's table, in maps that tell who shows a row, or a group of rows, that it has changed. */
export class Table<T> extends Rows<T> {
  constructor(id: (row: T) => number, group?: (row: T) => number) {
    super(id, group, () => new SvelteMap());
  }
}
