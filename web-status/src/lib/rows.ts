/** What one goes through row by row: rows of tables and whatever else says it is one. */
const ROWS = 'tbody tr, [data-row]';

/** Gives the focus to the first link or button of the next row, or of the one before; false where there is none. */
export function moveRow(within: HTMLElement, by: 1 | -1): boolean {
  const rows = [...within.querySelectorAll<HTMLElement>(ROWS)].filter((row) => row.offsetParent !== null && target(row));
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  const next = rows[at < 0 ? (by > 0 ? 0 : rows.length - 1) : at + by];
  const element = next && target(next);
  if (!element) return false;
  element.focus();
  next.scrollIntoView({ block: 'nearest' });
  return true;
}

const target = (row: HTMLElement): HTMLElement | null => row.querySelector<HTMLElement>('a[href], button:not(:disabled), summary');

/** Gives the focus to the field that searches what is shown; false where there is none. */
export function focusSearch(within: HTMLElement): boolean {
  const field = [...within.querySelectorAll<HTMLInputElement>('input[type=search]')].find((one) => one.offsetParent !== null);
  field?.focus();
  field?.select();
  return field !== undefined;
}
