import type { WaterfallView } from '../../document.ts';
import { ApiError } from '../../errors.ts';
import type { Query } from '../../query.ts';
import type { Build, Step } from '../../types.ts';
import type { Reader } from '../read.ts';
import { fewAtATime } from '../rows.ts';
import { chosenBuilders, limitOf, micro, ofBuilders, texts } from './choice.ts';

/** Builds whose steps are read; each takes a read of its own. */
const WITH_STEPS = 60;

/** Builds and changes of a range of time: out of Buildbot's plain lists. */
export async function waterfallView(reader: Reader, query: Query, signal?: AbortSignal): Promise<WaterfallView> {
  const limit = limitOf(query, 1000, 10_000);
  const from = bound(query, 'from');
  const to = bound(query, 'to');
  if (to <= from) throw new ApiError(400, 'invalid_query', 'to: the range must end after it begins');
  const builders = await chosenBuilders(reader, query, signal);
  const ids = new Set(builders.map((one) => one.builderid));
  const of = ofBuilders(query, builders);
  // Whole seconds: what began in the last one may belong to the range.
  const begun = { ...of, started_at__le: Math.floor(to), order: ['-started_at', '-buildid'] };
  const [ended, open, made] = await Promise.all([
    reader.rows('builds', 'builds', { ...begun, complete: true, complete_at__ge: Math.floor(from), limit: limit + 1 }, signal),
    reader.rows('builds', 'builds', { ...begun, complete: false, limit: limit + 1 }, signal),
    reader.rows('changes', 'changes', { when_timestamp__ge: Math.floor(from), when_timestamp__le: Math.floor(to), order: '-changeid', limit: limit + 1 }, signal),
  ]);
  // The master may have ended a build between the two reads.
  const found = [...new Map([...open, ...ended].map((build) => [build.buildid, build])).values()].toSorted((a, b) => b.started_at - a.started_at || b.buildid - a.buildid);
  const cut = Math.max(from, cutAt(open, limit, (one) => one.started_at), cutAt(ended, limit, (one) => one.started_at), cutAt(found, limit, (one) => one.started_at), cutAt(made, limit, (one) => one.when_timestamp));
  const builds = found.slice(0, limit).filter((build) => ids.has(build.builderid));
  const steps = texts(query, 'steps')[0] === 'true' ? await stepsOf(reader, builds, signal) : [];
  const view = { builders, builds, steps, changes: made.slice(0, limit), complete_from: Math.floor(cut), complete_from_us: Math.round(micro(cut)) };
  return view as unknown as WaterfallView;
}

/** From when on a list that may have been cut is whole; the beginning of time where it was not. */
function cutAt<T>(rows: T[], limit: number, time: (row: T) => number): number {
  const last = rows.length > limit ? rows[limit - 1] : undefined;
  return last === undefined ? -Infinity : time(last) + 1;
}

function bound(query: Query, name: 'from' | 'to'): number {
  const exact = texts(query, `${name}_us`)[0];
  const text = texts(query, name)[0];
  const seconds = exact !== undefined ? Number(exact) / 1_000_000 : Number(text);
  if ((exact === undefined && text === undefined) || !Number.isFinite(seconds)) throw new ApiError(400, 'invalid_query', `${name}: a time is expected`);
  return seconds;
}

async function stepsOf(reader: Reader, builds: Build[], signal?: AbortSignal): Promise<Step[]> {
  const lists = await fewAtATime(builds.slice(0, WITH_STEPS), (build) => reader.rows('steps', `builds/${build.buildid}/steps`, {}, signal));
  return lists.flat().filter((step) => step.started_at !== null);
}
