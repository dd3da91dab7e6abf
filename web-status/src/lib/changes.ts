import type { Change, Query } from '../../client/index.ts';

/** Which changes a list shows, as its address tells: parts of texts for some, the whole for others. */
export const CHANGE_FILTERS = ['author', 'comments', 'branch', 'codebase', 'project'] as const;
export type ChangeFilter = (typeof CHANGE_FILTERS)[number];
export type ChangeFilters = Readonly<Partial<Record<ChangeFilter, string>>>;

const BY_PART: readonly ChangeFilter[] = ['author', 'comments'];

/** The filters that an address tells. */
export function filtersOf(query: URLSearchParams): ChangeFilters {
  return Object.fromEntries(CHANGE_FILTERS.flatMap((name) => (query.get(name)?.trim() ? [[name, query.get(name)?.trim()]] : [])));
}

/** The filters in the words of the API. */
export function queryOf(filters: ChangeFilters): Query {
  return Object.fromEntries(Object.entries(filters).map(([name, value]) => [BY_PART.includes(name as ChangeFilter) ? `${name}__contains` : `${name}__eq`, value]));
}

/** Whether a change that an event tells of is one of those. */
export function fits(change: Change, filters: ChangeFilters): boolean {
  return Object.entries(filters).every(([name, value]) => {
    const has = change[name as ChangeFilter] ?? '';
    return BY_PART.includes(name as ChangeFilter) ? has.includes(value) : has === value;
  });
}
