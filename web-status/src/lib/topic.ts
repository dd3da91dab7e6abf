/** The kind of resource that an event is about (`builds`, `properties`, …), and what happened to it. */
export function topicOf(key: string[]): { type: string; verb: string } {
  const verb = key.at(-1) ?? '';
  return { type: key.at(-2) === 'properties' ? 'properties' : (key.at(-3) ?? ''), verb };
}

/** Whether a topic is one of a pattern, in which `*` stands for one word and `**` alone for every topic. */
export function fits(pattern: string, key: readonly string[]): boolean {
  const words = pattern.split('/');
  return pattern === '**' || (words.length === key.length && words.every((word, at) => word === '*' || word === key[at]));
}

/** The topics that an event of a build has: a stream tells it under one of them, whichever of its patterns that fits. */
export function buildTopics(key: string[], build: { buildid?: number; builderid?: number; number?: number; workerid?: number | null }): string[][] {
  const { verb } = topicOf(key);
  const { buildid, builderid, number, workerid } = build;
  const others = [['builds', buildid, verb], ['builders', builderid, 'builds', number, verb], ['workers', workerid, 'builds', buildid, verb]];
  return [key, ...others.filter((words) => words.every((word) => word !== undefined && word !== null)).map((words) => words.map(String))];
}
