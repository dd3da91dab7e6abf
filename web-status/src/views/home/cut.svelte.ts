/** How much of a list is shown: its beginning, or all of it. A wall has room for the beginning. */
export class Cut {
  all = $state(false);
  readonly first: number;

  constructor(first: number) {
    this.first = first;
  }

  /** How many of `total` rows are shown: cutting off a single one would save nothing. */
  shown(total: number): number {
    return this.all || total <= this.first + 1 ? total : this.first;
  }
}
