/** Each item once, in the order of their first appearance. */
export function distinct<T>(items: readonly T[]): T[] {
  return [...new Set(items)];
}
