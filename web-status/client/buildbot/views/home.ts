import type { BrokenBuilder, ExpectedEnd, HomeView, WaitReason } from '../../document.ts';
import type { Query } from '../../query.ts';
import type { Build, Builder, BuildRequest, Step, Worker } from '../../types.ts';
import type { Reader } from '../read.ts';
import { fewAtATime } from '../rows.ts';
import { cellOf, chosenBuilders, limitOf, micro, ofBuilders } from './choice.ts';

/** Builds that are looked at for what is broken. */
const LOOKED_AT = 1000;
/** Running builds whose step and end are told; each takes a read of its own. */
const EXPLAINED = 40;
/** Earlier builds that tell how long one takes. */
const EARLIER = 30;

/** What runs, what waits and why, what is broken: out of Buildbot's plain lists. */
export async function homeView(reader: Reader, query: Query, signal?: AbortSignal): Promise<HomeView> {
  const limit = limitOf(query, 100, 10_000);
  const builders = await chosenBuilders(reader, query, signal);
  const ids = new Set(builders.map((one) => one.builderid));
  const of = ofBuilders(query, builders);
  const [open, ended, requests, workers] = await Promise.all([
    reader.rows('builds', 'builds', { ...of, complete: false, order: '-buildid' }, signal),
    reader.rows('builds', 'builds', { ...of, complete: true, order: '-buildid', limit: Math.max(LOOKED_AT, limit) }, signal),
    reader.rows('buildrequests', 'buildrequests', { ...of, complete: false, claimed: false, order: ['-priority', 'submitted_at', 'buildrequestid'], limit: 10_000 }, signal),
    reader.rows('workers', 'workers', {}, signal),
  ]);
  const running = open.filter((build) => ids.has(build.builderid)).slice(0, limit);
  const recent = ended.filter((build) => ids.has(build.builderid)).toSorted((a, b) => (b.complete_at ?? 0) - (a.complete_at ?? 0) || b.buildid - a.buildid);
  const waiting = requests.filter((request) => ids.has(request.builderid)).slice(0, limit);
  const [steps, expected] = await Promise.all([stepsOf(reader, running, signal), expectedEnds(reader, running, signal)]);
  const busy = await busyWorkers(reader, of, open, signal);
  const reasons = waiting.map((request) => reasonOf(request, builders, workers, busy));
  const used = new Set(running.map((build) => build.workerid));
  const home = {
    builders, running, steps, expected, waiting, reasons,
    recent: recent.slice(0, limit), broken: brokenOf(builders, recent), workers: workers.filter((worker) => used.has(worker.workerid)),
  };
  return home as unknown as HomeView;
}

/** The step that each build is at: of several that run the one with the highest number. */
async function stepsOf(reader: Reader, builds: Build[], signal?: AbortSignal): Promise<Step[]> {
  const lists = await fewAtATime(builds.slice(0, EXPLAINED), (build) => reader.rows('steps', `builds/${build.buildid}/steps`, { complete: false }, signal));
  return lists.flatMap((steps) => steps.filter((step) => step.started_at !== null).toSorted((a, b) => b.number - a.number).slice(0, 1));
}

/** When builds are expected to end: after the mean time of the good ones before them, on the same worker if there are any. */
async function expectedEnds(reader: Reader, builds: Build[], signal?: AbortSignal): Promise<ExpectedEnd[]> {
  const builders = [...new Set(builds.slice(0, EXPLAINED).map((build) => build.builderid))];
  const lists = await fewAtATime(builders, (builderid) =>
    reader.rows('builds', 'builds', { builderid, complete: true, order: '-number', limit: EARLIER }, signal));
  const before = new Map(builders.map((builderid, at) => [builderid, lists[at] ?? []]));
  return builds.flatMap((build) => {
    const good = (before.get(build.builderid) ?? []).filter((one) => one.number < build.number && isGood(one));
    const same = good.filter((one) => one.workerid === build.workerid);
    const counted = same.length > 0 ? same : good;
    if (counted.length === 0) return [];
    const mean = counted.reduce((sum, one) => sum + ((one.complete_at ?? one.started_at) - one.started_at), 0) / counted.length;
    return [{ buildid: build.buildid, end_at: Math.round(build.started_at + mean), end_at_us: Math.round(micro(build.started_at + mean)) }];
  });
}

/** The workers that run something, also of builders that were not asked for. */
async function busyWorkers(reader: Reader, of: Query, open: Build[], signal?: AbortSignal): Promise<Set<number | null>> {
  const all = Object.keys(of).length === 0 ? open : await reader.rows('builds', 'builds', { complete: false }, signal);
  return new Set(all.map((build) => build.workerid));
}

/** Why nobody builds a request, as far as Buildbot tells. */
function reasonOf(request: BuildRequest, builders: Builder[], workers: Worker[], busy: Set<number | null>): WaitReason {
  const builder = builders.find((one) => one.builderid === request.builderid);
  if (!builder || builder.masterids.length === 0) return 'no_master';
  const own = workers.filter((worker) => worker.configured_on.some((one) => one.builderid === request.builderid));
  if (own.length === 0) return 'no_worker';
  const connected = own.filter((worker) => worker.connected_to.length > 0);
  if (connected.length === 0) return 'not_connected';
  const taking = connected.filter((worker) => !worker.paused && !worker.graceful);
  if (taking.length === 0) return 'paused';
  return taking.every((worker) => busy.has(worker.workerid)) ? 'busy' : 'ready';
}

const isGood = (build: Build): boolean => build.results === 0 || build.results === 1;
const isBad = (build: Build): boolean => build.results === 2 || build.results === 4;

/** The builders whose last build was bad, as far back as was read. */
export function brokenOf(builders: Builder[], ended: Build[]): BrokenBuilder[] {
  const byBuilder = new Map<number, Build[]>();
  for (const build of ended) {
    const list = byBuilder.get(build.builderid);
    if (list) list.push(build);
    else byBuilder.set(build.builderid, [build]);
  }
  return builders.flatMap((builder): BrokenBuilder[] => {
    // What was skipped, cancelled or tried again tells nothing.
    const told = (byBuilder.get(builder.builderid) ?? []).filter((one) => isGood(one) || isBad(one)).toSorted((a, b) => b.number - a.number);
    const last = told[0];
    if (!last || isGood(last)) return [];
    const good = told.findIndex(isGood);
    const since = told[good < 0 ? told.length - 1 : good - 1] ?? last;
    return [{ builderid: builder.builderid, last: cellOf(last), since: cellOf(since), last_good_buildid: told[good]?.buildid ?? null }];
  });
}
