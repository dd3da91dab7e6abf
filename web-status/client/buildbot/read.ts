import type { Wire } from '../adapter.ts';
import type { Answer } from '../client.ts';
import { ApiError } from '../errors.ts';
import type { Query } from '../query.ts';
import type { ResourceName, Resources } from '../types.ts';
import { plan } from './ask.ts';
import type { Feed } from './feed.ts';
import { fewAtATime, idField, inOrder, isRow, row, type Row } from './rows.ts';

/** Reads lists in Weir's words, each after what happens to its rows is followed. */
export class Reader {
  readonly #wire: Wire;
  readonly #feed: Feed;

  constructor(wire: Wire, feed: Feed) {
    this.#wire = wire;
    this.#feed = feed;
  }

  async list<R extends ResourceName>(resource: R, path: string, query: Query, signal?: AbortSignal): Promise<Answer<Resources[R][]>> {
    const cursor = await this.#feed.cover([resource]);
    const { limit, offset } = plan(resource, path, query);
    const data = await this.rows(resource, path, query, signal);
    const answer: Answer<Resources[R][]> = { data, cursor };
    if (limit !== undefined && limit > 0 && data.length >= limit) answer.next = String(offset + limit);
    return answer;
  }

  /** The rows alone. */
  async rows<R extends ResourceName>(resource: R, path: string, query: Query, signal?: AbortSignal): Promise<Resources[R][]> {
    const { reads, order, limit, offset } = plan(resource, path, query);
    const answers = await fewAtATime(reads, (one) => this.#read(resource, one.path, one.query, signal));
    let rows = answers.length === 1 ? (answers[0] ?? []) : merged(resource, answers, order).slice(offset, limit === undefined ? undefined : offset + limit);
    // Of changes Buildbot sends those that come first in the order that was asked for, but always the oldest first.
    if (resource === 'changes' && order.length > 0) rows = inOrder(rows, order);
    if (resource === 'projects' && path.startsWith('projects')) rows = await this.#withActive(rows, query, signal);
    return rows as unknown as Resources[R][];
  }

  async #read(resource: string, path: string, query: Query, signal?: AbortSignal): Promise<Row[]> {
    const body = await this.#wire.read(path, query, signal);
    const rows = body[resource];
    if (!Array.isArray(rows)) throw new ApiError(200, 'unexpected', `The server's answer for ${path} holds no ${resource}.`);
    return rows.filter(isRow).map((one) => (resource === 'properties' ? one : row(resource, one)));
  }

  /** Buildbot tells whether a project is active only to those who ask for such as are. */
  async #withActive(rows: Row[], query: Query, signal?: AbortSignal): Promise<Row[]> {
    if ('active' in query || rows.length === 0) return rows;
    const active = new Set((await this.#read('projects', 'projects', { active: true }, signal)).map((one) => one['projectid']));
    return rows.map((one) => ({ ...one, active: active.has(one['projectid']) }));
  }
}

/** The rows of several answers, each once. */
function merged(resource: string, answers: Row[][], order: string[]): Row[] {
  const id = idField(resource);
  const rows = answers.flat();
  const once = id === undefined ? rows : [...new Map(rows.map((one) => [one[id], one])).values()];
  return order.length === 0 ? once : inOrder(once, order);
}
