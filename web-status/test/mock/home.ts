import type { Build, Builder, Views } from '../../client/index.ts';
import type { World } from './world.ts';

type Home = Views['home'];
type Cell = Home['broken'][number]['last'];

/** Builders that a view is asked for. */
export function chosen(world: World, query: URLSearchParams): Builder[] {
  const [ids, tags, without] = ['builderid', 'tag', 'without_tag'].map((name) => query.getAll(name)) as [string[], string[], string[]];
  const project = query.get('projectid');
  return world.builders
    .filter((builder) => builder.masterids.length > 0 || query.get('removed') === 'true')
    .filter((builder) => ids.length === 0 || ids.includes(String(builder.builderid)))
    .filter((builder) => tags.length === 0 || builder.tags.some((tag) => tags.includes(tag)))
    .filter((builder) => !builder.tags.some((tag) => without.includes(tag)) && (project === null || String(builder.projectid) === project))
    .sort((a, b) => a.name.localeCompare(b.name));
}

/** What the server's view `home` answers. */
export function home(world: World, query: URLSearchParams): Home {
  const limit = Number(query.get('limit') ?? 100) || 100;
  const builders = chosen(world, query);
  const ids = new Set(builders.map(({ builderid }) => builderid));
  const builds = world.builds.filter(({ builderid }) => ids.has(builderid));
  const running = builds.filter(({ complete }) => !complete).reverse().slice(0, limit);
  const runs = new Set(running.map(({ buildid }) => buildid));
  const requests = new Set(running.map(({ buildrequestid }) => buildrequestid));
  const waiting = world.requests
    .filter((request) => ids.has(request.builderid) && !request.complete && !requests.has(request.buildrequestid))
    .sort((a, b) => b.priority - a.priority || a.submitted_at - b.submitted_at || a.buildrequestid - b.buildrequestid)
    .slice(0, limit);
  const steps = new Map(world.steps.filter((step) => runs.has(step.buildid) && !step.complete).map((step) => [step.buildid, step]));
  const workers = new Set(running.map(({ workerid }) => workerid));
  const answer = {
    builders, running, waiting, steps: [...steps.values()], workers: world.workers.filter(({ workerid }) => workers.has(workerid)),
    reasons: waiting.map((request) => why(world, request)),
    recent: builds.filter(({ complete }) => complete).sort((a, b) => (b.complete_at ?? 0) - (a.complete_at ?? 0)).slice(0, limit),
    expected: running.flatMap((build) => expected(builds, build)),
    broken: builders.flatMap(({ builderid }) => broken(builds.filter((build) => build.builderid === builderid))),
  };
  return { ...answer, running: answer.running.map(bare), recent: answer.recent.map(bare) } as unknown as Home;
}

const bare = (build: Build): Build => ({ ...build, properties: {} });
const good = ({ results }: Build): boolean => results === 0 || results === 1;

function why(world: World, request: World['requests'][number]): Home['reasons'][number] {
  if (request.claimed) return 'starting';
  const own = world.workers.filter((worker) => worker.configured_on.some(({ builderid }) => builderid === request.builderid));
  if (own.length === 0) return 'no_worker';
  const here = own.filter((worker) => worker.connected_to.length > 0);
  if (here.length === 0) return 'not_connected';
  const awake = here.filter((worker) => !worker.paused && !worker.graceful);
  if (awake.length === 0) return 'paused';
  if (request.waiting_for) return 'locked';
  return awake.every(({ workerid }) => world.builds.some((build) => !build.complete && build.workerid === workerid)) ? 'busy' : 'ready';
}

function expected(builds: Build[], build: Build): Home['expected'] {
  const before = builds.filter((one) => one.builderid === build.builderid && one.number < build.number && one.number >= build.number - 30 && good(one));
  const there = before.filter((one) => one.workerid === build.workerid);
  const times = (there.length > 0 ? there : before).map((one) => (one.complete_at ?? 0) - one.started_at);
  if (times.length === 0) return [];
  const end = build.started_at + Math.round(times.reduce((sum, time) => sum + time, 0) / times.length);
  return [{ buildid: build.buildid, end_at: end, end_at_us: end * 1e6 }];
}

function broken(builds: Build[]): Home['broken'] {
  const telling = builds.filter(({ complete, results }) => complete && results !== null && [0, 1, 2, 4].includes(results));
  const last = telling.at(-1);
  if (!last || good(last)) return [];
  const lastGood = telling.findLast(good);
  const since = telling[lastGood ? telling.indexOf(lastGood) + 1 : 0] ?? last;
  return [{ builderid: last.builderid, last: cell(last), since: cell(since), last_good_buildid: lastGood?.buildid ?? null }];
}

function cell(build: Build): Cell {
  return [build.buildid, build.number, build.started_at * 1e6, build.complete_at === null ? null : build.complete_at * 1e6, build.results];
}
