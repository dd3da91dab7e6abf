import type { GridView } from '../../document.ts';
import type { Query } from '../../query.ts';
import type { Buildset, Sourcestamp } from '../../types.ts';
import type { Reader } from '../read.ts';
import { askedFor, cellsOf, newestBuildsets } from './cells.ts';
import { chosenBuilders, isChosen, limitOf, micro, texts } from './choice.ts';

/** Builders by revisions: out of Buildbot's plain lists. */
export async function gridView(reader: Reader, query: Query, signal?: AbortSignal): Promise<GridView> {
  const limit = limitOf(query, 50, 200);
  const [builders, buildsets] = await Promise.all([chosenBuilders(reader, query, signal), newestBuildsets(reader, signal)]);
  const ids = new Set(builders.map((one) => one.builderid));
  const groups = [...byRevision(buildsets.filter((one) => matches(one, query))).values()];
  // Without a choice of builders each revision has one of them; with one, which have is only known from the requests.
  const looked = isChosen(query) ? groups.slice(0, limit * 4) : groups.slice(0, limit);
  const asked = await askedFor(reader, looked.flatMap((group) => group.map((one) => one.bsid)), ids, signal);
  const wanted = new Set(asked.requests.map((request) => request.buildsetid));
  const rows = looked.map((group) => group.filter((one) => wanted.has(one.bsid))).filter((group) => group.length > 0).slice(0, limit);
  const view = {
    builders,
    revisions: rows.map((group) => {
      const submitted = Math.max(...group.map((one) => one.submitted_at));
      return { sourcestamps: sorted(group[0]?.sourcestamps ?? []), submitted_at: submitted, submitted_at_us: micro(submitted) };
    }),
    cells: cellsOf(rows.map((group) => group.map((one) => one.bsid)), asked),
  };
  return view as unknown as GridView;
}

function matches(buildset: Buildset, query: Query): boolean {
  const branch = texts(query, 'branch')[0];
  const codebase = texts(query, 'codebase')[0];
  return buildset.sourcestamps.some((one) => (branch === undefined || one.branch === branch) && (codebase === undefined || one.codebase === codebase));
}

/** Buildsets by the source stamps that they build together, the newest revision first. */
function byRevision(buildsets: Buildset[]): Map<string, Buildset[]> {
  const groups = new Map<string, Buildset[]>();
  for (const one of buildsets) {
    const key = sorted(one.sourcestamps).map((stamp) => stamp.ssid).join('.');
    const group = groups.get(key);
    if (group) group.push(one);
    else groups.set(key, [one]);
  }
  return groups;
}

const sorted = (stamps: Sourcestamp[]): Sourcestamp[] => stamps.toSorted((a, b) => a.ssid - b.ssid);
