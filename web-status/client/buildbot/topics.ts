/** An event of Buildbot's: its topic's words, and the resource after it. */
export interface Told {
  key: string[];
  message: Record<string, unknown>;
}

/** The one topic by which all events of a kind come; an event goes out under several, and matches one of these once. */
const TOPICS: Record<string, string> = {
  properties: 'builds/*/properties/*',
  commits: 'commits/*/*',
  ...Object.fromEntries(
    [
      'builds', 'steps', 'logs', 'buildrequests', 'buildsets', 'changes', 'workers', 'builders', 'schedulers', 'masters',
      'projects', 'codebases', 'branches', 'test_result_sets',
    ].map((kind) => [kind, `${kind}/*/*`]),
  ),
};

/** The kinds that come with a kind: who looks at steps will want the logs that these begin, from their first line on. */
const WITH: Record<string, string[]> = { steps: ['logs'] };

/** The topics to consume so that all events of these kinds come; kinds without events have none. */
export function topicsOf(kinds: Iterable<string>): string[] {
  const topics = new Set<string>();
  for (const kind of kinds) {
    for (const one of [kind, ...(WITH[kind] ?? [])]) {
      const topic = TOPICS[one];
      if (topic !== undefined) topics.add(topic);
    }
  }
  return [...topics];
}

/** The kind of resource that a topic, or a pattern of topics, is about. */
export function kindOf(words: readonly string[]): string {
  return words.at(-2) === 'properties' ? 'properties' : (words.at(-3) ?? '');
}

/** The kinds that patterns ask for; `**` stands for all. */
export function kindsOf(patterns: readonly string[]): Set<string> {
  if (patterns.includes('**')) return new Set(Object.keys(TOPICS));
  return new Set(patterns.map((pattern) => kindOf(pattern.split('/'))));
}

/** All topics under which an event is told: its own, and those that Buildbot would have told it under besides. */
export function namesOf({ key, message }: Told): string[][] {
  const verb = key.at(-1) ?? '';
  const kind = kindOf(key);
  const word = (field: string): string => String(message[field]);
  const more: string[][] = [];
  if (kind === 'builds') more.push(['builders', word('builderid'), 'builds', word('number'), verb], ['workers', word('workerid'), 'builds', word('buildid'), verb]);
  else if (kind === 'steps') more.push(['builds', word('buildid'), 'steps', word('stepid'), verb]);
  else if (kind === 'logs') more.push(['steps', word('stepid'), 'logs', word('slug'), verb]);
  else if (kind === 'buildrequests') {
    const own = ['builders', word('builderid'), 'buildrequests', word('buildrequestid'), verb];
    more.push(own, ['buildsets', word('buildsetid'), ...own]);
  }
  return [key, ...more];
}

/** Makes a test of patterns, in which `*` stands for exactly one word; it gives the first name that matches one. */
export function matcher(patterns: readonly string[]): (names: string[][]) => string[] | undefined {
  const all = patterns.includes('**');
  const split = patterns.map((pattern) => pattern.split('/'));
  const fits = (name: string[]): boolean =>
    split.some((pattern) => pattern.length === name.length && pattern.every((word, at) => word === '*' || word === name[at]));
  return (names) => (all ? names[0] : names.find(fits));
}
