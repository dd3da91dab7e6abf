import type { ResourceName } from '../types.ts';

/** Times in seconds, beside which Weir tells them in microseconds. */
const TIMES = new Set([
  'started_at', 'complete_at', 'submitted_at', 'claimed_at', 'locks_acquired_at', 'when_timestamp', 'last_active', 'last_timestamp', 'created_at',
]);

/** A row of any kind. */
export type Row = Record<string, unknown>;

/** Whether something is an object with fields. */
export function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A row as Weir has it: times in microseconds too, and what Buildbot leaves out. */
export function row(resource: string, given: Row): Row {
  const made: Row = { ...given };
  for (const [name, value] of Object.entries(given)) {
    if (TIMES.has(name) && typeof value === 'number') made[`${name}_us`] = value * 1_000_000;
    else if (name === 'sourcestamp' && isRow(value)) made[name] = row('sourcestamps', value);
    else if (name === 'sourcestamps' && Array.isArray(value)) made[name] = value.filter(isRow).map((one) => row('sourcestamps', one));
    else if (name === 'master' && isRow(value)) made[name] = row('masters', value);
  }
  if (resource === 'buildsets') made['parent_relationship'] ??= null;
  if (resource === 'builds') made['properties'] ??= {};
  return made;
}

/** The field by which rows of a kind are told apart. */
const IDS: Partial<Record<ResourceName | 'codebases' | 'branches' | 'commits' | 'changesources' | 'test_result_sets' | 'test_results', string>> = {
  builders: 'builderid', builds: 'buildid', buildrequests: 'buildrequestid', buildsets: 'bsid', steps: 'stepid', logs: 'logid',
  workers: 'workerid', changes: 'changeid', sourcestamps: 'ssid', schedulers: 'schedulerid', forceschedulers: 'name', masters: 'masterid',
  projects: 'projectid', codebases: 'codebaseid', branches: 'branchid', commits: 'commitid', changesources: 'changesourceid',
  test_result_sets: 'test_result_setid', test_results: 'test_resultid',
};
export function idField(resource: string): string | undefined {
  return (IDS as Record<string, string | undefined>)[resource];
}

/** Puts rows in order as the API does: by these fields, `-` for the highest first, null the lowest. */
export function inOrder<T extends object>(rows: T[], order: readonly string[]): T[] {
  const rank = (value: unknown): [number, number | string] =>
    value === null || value === undefined ? [0, 0] : typeof value === 'number' ? [1, value] : typeof value === 'boolean' ? [1, Number(value)] : [2, String(value)];
  return rows.toSorted((one, other) => {
    for (const field of order) {
      const down = field.startsWith('-');
      const name = down ? field.slice(1) : field;
      const [a, b] = [rank((one as Row)[name]), rank((other as Row)[name])];
      const by = a[0] - b[0] || (a[1] < b[1] ? -1 : a[1] > b[1] ? 1 : 0);
      if (by !== 0) return down ? -by : by;
    }
    return 0;
  });
}

/** Runs work for each item, a few at a time, and gives the results in the items' order. */
export async function fewAtATime<T, R>(items: readonly T[], work: (item: T) => Promise<R>, lanes = 6): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < items.length) {
      const at = next++;
      results[at] = await work(items[at] as T);
    }
  };
  await Promise.all(Array.from({ length: Math.min(lanes, items.length) }, lane));
  return results;
}
