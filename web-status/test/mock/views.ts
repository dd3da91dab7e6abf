import type { Builder } from '../../client/index.ts';
import { BadQuery } from './query.ts';
import { consoleView, gridView } from './tables.ts';
import type { World } from './world.ts';

/** A view by its name: what the server answers for it. */
const VIEWS: Record<string, (world: World, query: URLSearchParams) => object> = { waterfall, grid: gridView, console: consoleView };

/** Reads a path below `api/v2/views`; undefined where there is no such view. */
export function view(world: World, name: string, query: URLSearchParams): object | undefined {
  return VIEWS[name]?.(world, query);
}

/** The builders that a view is asked for. */
export function chosen(world: World, query: URLSearchParams): Builder[] {
  const ids = query.getAll('builderid').map(Number);
  const tags = query.getAll('tag');
  const without = query.getAll('without_tag');
  const project = query.get('projectid');
  const removed = query.get('removed') === 'true';
  return world.builders.filter(
    (builder) =>
      (removed || builder.masterids.length > 0) &&
      (ids.length === 0 || ids.includes(builder.builderid)) &&
      (tags.length === 0 || tags.some((tag) => builder.tags.includes(tag))) &&
      !without.some((tag) => builder.tags.includes(tag)) &&
      (project === null || builder.projectid === Number(project)),
  );
}

function waterfall(world: World, query: URLSearchParams): object {
  const seconds = (name: string): number => {
    const [whole, micros] = [query.get(name), query.get(`${name}_us`)];
    if (whole === null && micros === null) throw new BadQuery(`${name}: is needed: a time in whole seconds`);
    return micros === null ? Number(whole) : Number(micros) / 1e6;
  };
  const [from, to, limit] = [seconds('from'), seconds('to'), Number(query.get('limit') ?? 1000)];
  const builders = chosen(world, query);
  const ids = new Set(builders.map((builder) => builder.builderid));
  const all = world.builds.filter((build) => ids.has(build.builderid) && build.started_at < to && (build.complete_at ?? Infinity) >= from);
  const builds = all.toSorted((a, b) => b.started_at - a.started_at).slice(0, limit);
  const complete = all.length > limit ? Math.max(from, (builds.at(-1)?.started_at ?? to) + 1) : from;
  const shown = new Set(builds.map((build) => build.buildid));
  return {
    builders,
    builds: builds.map((build) => ({ ...build, properties: {} })),
    steps: query.get('steps') === 'true' ? world.steps.filter((step) => shown.has(step.buildid) && step.started_at !== null) : [],
    changes: world.changes.filter((change) => change.when_timestamp >= from && change.when_timestamp < to).reverse(),
    complete_from: Math.floor(complete),
    complete_from_us: Math.floor(complete * 1e6),
  };
}
