import { home } from './home.ts';
import { BadQuery, select, type Row } from './query.ts';
import type { World } from './world.ts';

/** What a GET gives: the objects under their key, text, or a view. */
export type Given = { key: string; rows: Row[] } | { text: string } | { body: object } | undefined;

/** Reads a path below `api/v2`. */
export function read(world: World, path: string, query: URLSearchParams): Given {
  const words = byIds(world, path.split('/').map(decodeURIComponent));
  const [type = '', id = '', rest = '', , last] = words;
  const rows = (list: unknown[], keep: (row: Row) => boolean = () => true): Row[] => (list as Row[]).filter(keep);
  const lists: Record<string, unknown[]> = {
    builders: world.builders, builds: world.builds, buildrequests: world.requests, buildsets: world.buildsets, workers: world.workers,
    changes: world.changes, forceschedulers: world.forces, projects: world.projects, steps: world.steps, logs: world.logs,
    listeners: world.listeners, dead_letters: world.deadLetters,
    schedulers: world.schedulers, masters: world.masters, test_result_sets: world.resultSets, test_results: world.results,
  };
  const keys: Record<string, string> = {
    builders: 'builderid', builds: 'buildid', buildrequests: 'buildrequestid', buildsets: 'bsid', workers: 'workerid', changes: 'changeid', projects: 'projectid', logs: 'logid', steps: 'stepid',
    listeners: 'listenerid', dead_letters: 'dead_letterid',
    schedulers: 'schedulerid', masters: 'masterid', test_result_sets: 'test_result_setid', test_results: 'test_resultid',
  };
  if (last !== undefined) return undefined;
  if (type === 'views') return id === 'home' ? { body: home(world, query) } : undefined;
  if (type === 'logs' && rest !== '') return logPart(world, Number(id), rest, query);
  const list = lists[type];
  if (!list) return undefined;
  if (id === '' && type === 'changes' && query.has('ssid')) return { key: type, rows: ofStamps(world, query) };
  if (id === '') return type === 'logs' ? undefined : { key: type, rows: select(rows(list), query) };
  // A builder is found by its name too.
  const one = rows(list, (row) => String(row[keys[type] ?? 'name']) === id || (type === 'builders' && row['name'] === id));
  if (one.length === 0) return undefined;
  if (rest === '') return { key: type, rows: select(one, query) };
  return below(world, type, Number(id), rest, query);
}

/** Changes by their source stamps: that is a relation, and no field. */
function ofStamps(world: World, query: URLSearchParams): Row[] {
  const ssids = query.getAll('ssid').map(Number);
  const rest = new URLSearchParams([...query].filter(([name]) => name !== 'ssid'));
  return select(world.changes.filter(({ sourcestamp }) => ssids.includes(sourcestamp.ssid)) as unknown as Row[], rest);
}

/** The same by ids: a build may also be told by its builder and number, and what is in it by numbers and slug. Empty where it is not there. */
function byIds(world: World, words: string[]): string[] {
  const [type, builder, builds, number, steps, step, logs, slug, ...rest] = words;
  if (type !== 'builders' || builds !== 'builds' || number === undefined) return words;
  const build = world.builds.find((one) => one.builderid === Number(builder) && one.number === Number(number));
  if (!build) return [];
  if (steps !== 'steps' || step === undefined) return ['builds', String(build.buildid), ...words.slice(4)];
  const itsStep = world.steps.find((one) => one.buildid === build.buildid && one.number === Number(step));
  if (!itsStep) return [];
  if (logs !== 'logs' || slug === undefined) return ['steps', String(itsStep.stepid), ...words.slice(6)];
  const log = world.logs.find((one) => one.stepid === itsStep.stepid && one.slug === slug);
  return log ? ['logs', String(log.logid), ...rest] : [];
}

function below(world: World, type: string, id: number, rest: string, query: URLSearchParams): Given {
  const pick = (key: string, list: unknown[]): Given => ({ key, rows: select(list as Row[], query) });
  switch (`${type}/${rest}`) {
    case 'builders/forceschedulers': {
      const name = world.builders[id - 1]?.name ?? '';
      return pick('forceschedulers', world.forces.filter((force) => force.builder_names.includes(name)));
    }
    case 'builds/steps': return pick('steps', world.steps.filter((step) => step.buildid === id));
    case 'builds/triggered_builds': {
      const sets = world.buildsets.filter((set) => set.parent_buildid === id).map((set) => set.bsid);
      return pick('builds', world.builds.filter((build) => sets.includes(world.requests[(build.buildrequestid ?? 0) - 1]?.buildsetid ?? 0)));
    }
    case 'builds/test_result_sets': return pick('test_result_sets', world.resultSets.filter((set) => set.buildid === id));
    case 'test_result_sets/results': return pick('test_results', world.results.filter((result) => result.test_result_setid === id));
    case 'builds/data': return pick('build_data', world.data.filter((data) => data.buildid === id));
    case 'buildsets/properties': return { key: 'properties', rows: [{ scheduler: ['every-commit', 'Scheduler'] }] };
    case 'steps/logs': return pick('logs', world.logs.filter((log) => log.stepid === id));
    case 'builds/properties': return { key: 'properties', rows: [world.builds[id - 1]?.properties ?? {}] };
    case 'builds/changes': {
      const ids = world.changesOf.get(world.builds[id - 1]?.buildrequestid ?? 0) ?? [];
      return pick('changes', world.changes.filter((change) => ids.includes(change.changeid)));
    }
    case 'changes/builds': {
      const of = (build: { buildrequestid: number | null }): boolean => (world.changesOf.get(build.buildrequestid ?? 0) ?? []).includes(id);
      return pick('builds', world.builds.filter(of));
    }
    default: return undefined;
  }
}

function logPart(world: World, logid: number, part: string, query: URLSearchParams): Given {
  const lines = world.content.get(logid);
  if (!lines) return undefined;
  if (part === 'raw' || part === 'raw_inline') return { text: lines.map((line) => `${line.slice(1)}\n`).join('') };
  if (part === 'search') return { key: 'logsearches', rows: [searched(logid, lines, query)] };
  if (part !== 'contents') return undefined;
  const firstline = Number(query.get('offset') ?? 0);
  const limit = query.get('limit');
  const found = lines.slice(firstline, limit === null ? undefined : firstline + Number(limit));
  const times = query.get('times') === 'true' ? timesOf(world.times.get(logid) ?? [], firstline, firstline + found.length) : [];
  return { key: 'logchunks', rows: [{ logid, firstline, content: found.map((line) => `${line}\n`).join(''), ...(times.length > 0 && { times_us: times }) }] };
}

/** The times of the lines from `first` up to and without `end`; that of the first begins with it. */
function timesOf(all: [number, number][], first: number, end: number): [number, number][] {
  const from = all.findLastIndex(([line]) => line <= first);
  return all.slice(Math.max(0, from)).filter(([line]) => line < end && end > first).map(([line, at]) => [Math.max(line, first), at]);
}

/** As the server does it, in small parts, so that whoever asks has to go on. */
function searched(logid: number, lines: string[], query: URLSearchParams): Row {
  const PART = 20_000;
  const flags = query.get('ignore_case') === 'true' ? 'giu' : 'gu';
  const text = query.get('text')?.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
  let expression: RegExp;
  try {
    expression = new RegExp(text ?? query.get('regex') ?? '', flags);
  } catch {
    throw new BadQuery('regex: unclosed group');
  }
  const first = Number(query.get('offset') ?? 0);
  const next = Math.min(lines.length, first + PART);
  const hits = lines.slice(first, next).flatMap((line, at) => {
    // eslint-disable-next-line no-control-regex
    const seen = line.slice(1).replace(/\x1b\[[0-9;]*[A-Za-z]/g, '');
    const ranges = [...seen.matchAll(expression)].map((match) => [match.index, match.index + match[0].length]);
    return ranges.length > 0 ? [{ line: first + at, stream: line[0], text: seen, text_start: 0, ranges }] : [];
  });
  return { logid, hits: hits.slice(0, 1000), next_offset: hits.length > 1000 ? (hits[999]?.line ?? 0) + 1 : next, complete: hits.length <= 1000 && next === lines.length };
}

/** An answer to a command: HTTP status and JSON-RPC result or error. */
export interface Done {
  status: number;
  result?: unknown;
  error?: { code: number; message: unknown };
}

/** What a command needs of the one who builds. */
export interface Builds {
  run(request: number, properties: Record<string, [unknown, string]>): Promise<void>;
  stop(buildid: number): void;
}

/** Carries out a command on a path below `api/v2`. */
export function control(world: World, builds: Builds, path: string, method: string, params: Row): Done {
  const [type, id = ''] = path.split('/').map(decodeURIComponent);
  const begin = (builderid: number, reason: string, properties: Record<string, [unknown, string]>): Done => {
    const request = world.request(builderid, reason);
    void builds.run(request.buildrequestid, properties);
    return { status: 200, result: [request.buildsetid, { [builderid]: request.buildrequestid }] };
  };
  switch (`${type}/${method}`) {
    case 'forceschedulers/force': {
      const wrong = wrongFields(params);
      if (Object.keys(wrong).length > 0) return { status: 400, error: { code: -32602, message: wrong } };
      return begin(Number(params['builderid']), String(params['reason']), { profile: [params['profile'], 'Force Build Form'], clean: [params['clean'], 'Force Build Form'] });
    }
    case 'builds/rebuild': return begin(world.builds[Number(id) - 1]?.builderid ?? 1, `Rebuild of build ${id}`, {});
    case 'builds/stop':
      builds.stop(Number(id));
      return { status: 200, result: null };
    case 'buildrequests/cancel': {
      const request = world.requests[Number(id) - 1];
      if (request) world.cancel(request);
      return { status: 200, result: null };
    }
    case 'workers/pause':
    case 'workers/unpause': {
      const worker = world.workers[Number(id) - 1];
      if (!worker) return { status: 404, error: { code: -32600, message: 'Invalid path' } };
      worker.paused = method === 'pause';
      world.workerChanged(worker, 'state_updated');
      return { status: 200, result: null };
    }
    case 'workers/stop': {
      const worker = world.workers[Number(id) - 1];
      if (!worker) return { status: 404, error: { code: -32600, message: 'Invalid path' } };
      worker.graceful = true;
      world.workerChanged(worker, 'state_updated');
      return { status: 200, result: null };
    }
    case 'workers/kill': {
      const worker = world.workers[Number(id) - 1];
      if (!worker) return { status: 404, error: { code: -32600, message: 'Invalid path' } };
      Object.assign(worker, { graceful: false, connected_to: [], away_reason: 'it ended, as it was told' });
      world.workerChanged(worker, 'disconnected');
      return { status: 200, result: null };
    }
    case 'buildrequests/set_priority': {
      const request = world.requests[Number(id) - 1];
      if (request) world.prioritize(request, Number(params['priority']));
      return { status: 200, result: null };
    }
    case 'schedulers/enable': {
      const scheduler = world.schedulers[Number(id) - 1];
      if (!scheduler) return { status: 404, error: { code: -32600, message: 'Invalid path' } };
      world.enable(scheduler, params['enabled'] === true);
      return { status: 200, result: null };
    }
    case 'dead_letters/again':
    case 'dead_letters/drop': {
      const letter = world.deadLetters.find((one) => one.dead_letterid === Number(id));
      if (!letter) return { status: 404, error: { code: -32600, message: `there is no dead letter ${id}` } };
      if (method === 'drop') world.drop(letter);
      else world.deliverAgain([letter]);
      return { status: 200, result: null };
    }
    case 'listeners/replay':
      world.deliverAgain(world.deadLetters.filter((letter) => letter.listenerid === Number(id)));
      return { status: 200, result: null };
    case 'listeners/forget': {
      const listener = world.listeners.find((one) => one.listenerid === Number(id));
      if (!listener) return { status: 404, error: { code: -32600, message: `there is no listener ${id}` } };
      if (listener.held_by !== null) {
        return { status: 409, error: { code: -32000, message: `the listener \`${listener.name}\` is held by ${listener.held_by}` } };
      }
      world.forgetListener(listener);
      return { status: 200, result: null };
    }
    default: return { status: 501, error: { code: -32601, message: `action: ${method} is not supported` } };
  }
}

/** The server knows more than the form: which branches there are. */
function wrongFields(params: Row): Record<string, string> {
  const wrong: Record<string, string> = {};
  if (params['branch'] === 'nowhere') wrong['branch'] = 'There is no branch nowhere.';
  if (params['reason'] === '') wrong['reason'] = 'A reason is required.';
  return wrong;
}

export { BadQuery };
