import { ApiError } from '../errors.ts';
import type { Query, QueryValue } from '../query.ts';
import { idField } from './rows.ts';

/** What Buildbot is to be asked, and what is left to do with its answers. */
export interface Plan {
  reads: { path: string; query: Query }[];
  /** Fields by which answers of several reads are put in order. */
  order: string[];
  limit: number | undefined;
  offset: number;
}

/** Rows that are read where nothing is said, as with Weir: Buildbot would send all there ever were. */
export const MOST = 10_000;
/** Reads at the most, where one question of Weir's is many of Buildbot's. */
const READS = 100;
/** Lists that grow for ever. */
const ENDLESS = new Set(['builds', 'buildrequests', 'buildsets', 'changes', 'sourcestamps']);

/** Relations that Weir takes as parameters of a list -> the paths at which Buildbot has them. */
const RELATIONS: Record<string, Record<string, (id: string) => string>> = {
  builds: { changeid: (id) => `changes/${id}/builds`, triggered_by_buildid: (id) => `builds/${id}/triggered_builds` },
  builders: { workerid: (id) => `workers/${id}/builders`, masterid: (id) => `masters/${id}/builders` },
  workers: { builderid: (id) => `builders/${id}/workers`, masterid: (id) => `masters/${id}/workers` },
  sourcestamps: { bsid: (id) => `buildsets/${id}/sourcestamps` },
  changes: { buildid: (id) => `builds/${id}/changes`, ssid: (id) => `sourcestamps/${id}/changes` },
  schedulers: { masterid: (id) => `masters/${id}/schedulers` },
  changesources: { masterid: (id) => `masters/${id}/changesources` },
  steps: { buildid: (id) => `builds/${id}/steps`, stepid: (id) => `steps/${id}` },
  logs: { stepid: (id) => `steps/${id}/logs`, logid: (id) => `logs/${id}` },
  test_results: { test_result_setid: (id) => `test_result_sets/${id}/results` },
  test_result_sets: { buildid: (id) => `builds/${id}/test_result_sets`, stepid: (id) => `steps/${id}/test_result_sets`, builderid: (id) => `builders/${id}/test_result_sets` },
  branches: { codebaseid: (id) => `codebases/${id}/branches` },
  commits: { codebaseid: (id) => `codebases/${id}/commits` },
};
/** Lists over all that Buildbot lacks: only by their relations can they be asked for. */
const BY_RELATION = new Set(['steps', 'logs', 'branches', 'commits', 'test_results']);

/** Parameters that are no fields. */
const TAKEN = new Set(['order', 'limit', 'offset', 'field', 'property', 'after']);

/** Turns a question in Weir's words into such of Buildbot's. */
export function plan(resource: string, path: string, asked: Query): Plan {
  const list = path === resource;
  const query = plainly(asked);
  const order = texts(query['order']);
  const limit = whole(query['limit']);
  const offset = whole(asked['after']) ?? whole(query['offset']) ?? 0;
  delete query['after'];
  if (offset > 0) query['offset'] = offset;
  chosen(query, order, resource);
  const related = list ? relation(resource, query) : undefined;
  if (list && !related && BY_RELATION.has(resource)) {
    throw new ApiError(400, 'not_supported', `Buildbot has no list of all ${resource.replaceAll('_', ' ')}.`);
  }
  if (!related) {
    if (ENDLESS.has(resource) && list) query['limit'] ??= MOST;
    return { reads: [{ path, query }], order, limit: whole(query['limit']), offset };
  }
  const { paths, rest } = related;
  if (paths.length === 1) return { reads: [{ path: paths[0] ?? path, query: rest }], order, limit, offset };
  // The first rows of all are among the first of each.
  delete rest['offset'];
  if (limit !== undefined) rest['limit'] = offset + limit;
  return { reads: paths.map((one) => ({ path: one, query: one.split('/').length === 2 ? {} : rest })), order, limit, offset };
}

function relation(resource: string, query: Query): { paths: string[]; rest: Query } | undefined {
  for (const [name, at] of Object.entries(RELATIONS[resource] ?? {})) {
    for (const key of [name, `${name}__eq`, `${name}__in`]) {
      const ids = texts(query[key]);
      if (ids.length === 0) continue;
      const rest = Object.fromEntries(Object.entries(query).filter(([other]) => other !== key));
      const paths = ids.slice(0, READS).map((id) => at(encodeURIComponent(id)));
      // One thing is no list: nothing can be filtered or put in order.
      return { paths, rest: paths[0]?.split('/').length === 2 ? {} : rest };
    }
  }
  return undefined;
}

/** Without what Buildbot does not know: microseconds, and a second condition on the same field. */
function plainly(asked: Query): Query {
  const query: Query = {};
  for (const [key, value] of Object.entries(asked)) {
    if (value === undefined) continue;
    const [name = '', operator, again] = key.split('__');
    if (name === 'order' || name === 'field') query[name] = [...new Set(texts(value).map((field) => field.replace(/_us$/, '')))];
    else if (name.endsWith('_us')) put(query, `${name.slice(0, -3)}${operator === undefined ? '' : `__${operator}`}`, seconds(operator, value));
    else if (again !== undefined) put(query, `${name}__${operator}`, value);
    // Of several values Buildbot looks at the first alone for some fields, unless it is told that they are a set.
    else if (Array.isArray(value) && value.length > 1 && !TAKEN.has(name) && (operator === undefined || operator === 'eq')) put(query, `${name}__in`, value);
    else put(query, key, value);
  }
  return query;
}

/** Of two bounds to the same side the narrower one counts. */
function put(query: Query, key: string, value: QueryValue | QueryValue[]): void {
  const before = query[key];
  const operator = key.split('__')[1];
  if (before === undefined) query[key] = value;
  else if (operator === 'lt' || operator === 'le') query[key] = Math.min(Number(before), Number(value));
  else if (operator === 'gt' || operator === 'ge') query[key] = Math.max(Number(before), Number(value));
  else query[key] = [before, value].flat();
}

/** A time in microseconds as a bound in seconds that leaves nothing out. */
function seconds(operator: string | undefined, value: QueryValue | QueryValue[]): QueryValue | QueryValue[] {
  if (Array.isArray(value)) return value.map((one) => Math.floor(Number(one) / 1_000_000));
  const exact = Number(value) / 1_000_000;
  return operator === 'lt' || operator === 'le' ? Math.ceil(exact) : Math.floor(exact);
}

/** Buildbot filters and orders by the chosen fields only. */
function chosen(query: Query, order: string[], resource: string): void {
  const fields = texts(query['field']);
  if (fields.length === 0) return;
  const used = [...order.map((field) => field.replace(/^-/, '')), ...Object.keys(query).map((key) => key.split('__')[0] ?? key)];
  const id = idField(resource);
  query['field'] = [...new Set([...fields, ...used.filter((field) => !TAKEN.has(field)), ...(id === undefined ? [] : [id])])];
}

function texts(value: QueryValue | QueryValue[] | undefined): string[] {
  return value === undefined ? [] : [value].flat().map(String);
}

function whole(value: QueryValue | QueryValue[] | undefined): number | undefined {
  const text = texts(value)[0];
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}
