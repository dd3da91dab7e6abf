/** Which tags are wanted: a builder has to have one of `only`, where there are any, and none of `without`. */
export interface TagChoice {
  only: readonly string[];
  without: readonly string[];
}

/** The choice in an address's query, under the names that the server's views have for it. */
export function tagsOf(query: URLSearchParams): TagChoice {
  const without = [...new Set(query.getAll('without_tag'))];
  return { only: [...new Set(query.getAll('tag'))].filter((tag) => !without.includes(tag)), without };
}

/** The changes to an address's query that a click on a tag makes: wanted, then not wanted, then neither. */
export function cycled({ only, without }: TagChoice, tag: string): { tag: string[]; without_tag: string[] } {
  const others = { tag: only.filter((one) => one !== tag), without_tag: without.filter((one) => one !== tag) };
  if (only.includes(tag)) return { ...others, without_tag: [...others.without_tag, tag] };
  return without.includes(tag) ? others : { ...others, tag: [...others.tag, tag] };
}

/** How a tag stands in a choice. */
export function stateOf({ only, without }: TagChoice, tag: string): 'only' | 'without' | 'any' {
  return only.includes(tag) ? 'only' : without.includes(tag) ? 'without' : 'any';
}

/** Whether what has these tags is wanted. */
export function admits({ only, without }: TagChoice, tags: readonly string[]): boolean {
  return (only.length === 0 || only.some((tag) => tags.includes(tag))) && !without.some((tag) => tags.includes(tag));
}
