import type { Build, Builder } from '../../types.ts';
import type { BuildCell } from '../../document.ts';
import type { Query } from '../../query.ts';
import type { Reader } from '../read.ts';

/** Builders that are named in a question; of more all builds are read, and the others' left out. */
const NAMED = 50;

/** The builders that a view is about, by name. */
export async function chosenBuilders(reader: Reader, query: Query, signal?: AbortSignal): Promise<Builder[]> {
  const all = await reader.rows('builders', 'builders', { order: 'name' }, signal);
  const ids = new Set(texts(query, 'builderid').map(Number));
  const tags = texts(query, 'tag');
  const without = texts(query, 'without_tag');
  const project = texts(query, 'projectid')[0];
  const removed = texts(query, 'removed')[0] === 'true';
  return all.filter(
    (one) =>
      (removed || one.masterids.length > 0) &&
      (ids.size === 0 || ids.has(one.builderid)) &&
      (tags.length === 0 || tags.some((tag) => one.tags.includes(tag))) &&
      !without.some((tag) => one.tags.includes(tag)) &&
      (project === undefined || one.projectid === Number(project)),
  );
}

/** Whether the question leaves builders out. */
export function isChosen(query: Query): boolean {
  return ['builderid', 'tag', 'without_tag', 'projectid'].some((name) => texts(query, name).length > 0);
}

/** The condition by which rows of these builders alone are read, where they are few. */
export function ofBuilders(query: Query, builders: Builder[]): Query {
  return isChosen(query) && builders.length <= NAMED ? { builderid: builders.map((one) => one.builderid) } : {};
}

/** The values of a parameter. */
export function texts(query: Query, name: string): string[] {
  const value = query[name];
  return value === undefined ? [] : [value].flat().map(String);
}

/** A limit that is asked for; the usual one for none, and never more than the highest. */
export function limitOf(query: Query, usual: number, highest: number): number {
  const asked = Number(texts(query, 'limit')[0] ?? 0);
  return asked > 0 ? Math.min(Math.floor(asked), highest) : usual;
}

/** A build as a cell of a table has it. */
export function cellOf(build: Build): BuildCell {
  return [build.buildid, build.number, micro(build.started_at), build.complete_at === null ? null : micro(build.complete_at), build.results];
}

/** Seconds as microseconds. */
export function micro(seconds: number): number {
  return seconds * 1_000_000;
}
