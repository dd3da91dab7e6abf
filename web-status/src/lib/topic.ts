/** The kind of resource that an event is about (`builds`, `properties`, …), and what happened to it. */
export function topicOf(key: string[]): { type: string; verb: string } {
  const verb = key.at(-1) ?? '';
  return { type: key.at(-2) === 'properties' ? 'properties' : (key.at(-3) ?? ''), verb };
}
