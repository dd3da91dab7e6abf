import type { ConsoleView } from '../../document.ts';
import type { Query } from '../../query.ts';
import type { Change } from '../../types.ts';
import type { Reader } from '../read.ts';
import { askedFor, cellsOf, newestBuildsets } from './cells.ts';
import { chosenBuilders, limitOf, texts } from './choice.ts';

/** Changes by builders: out of Buildbot's plain lists. A build is of a change if it builds the change's source stamp. */
export async function consoleView(reader: Reader, query: Query, signal?: AbortSignal): Promise<ConsoleView> {
  const limit = limitOf(query, 50, 200);
  const before = texts(query, 'before_changeid')[0];
  const asking = {
    ...only(query, 'branch'),
    ...only(query, 'codebase'),
    ...(before === undefined ? {} : { changeid__lt: before }),
    order: '-changeid',
    limit,
  };
  const [builders, changes, buildsets] = await Promise.all([
    chosenBuilders(reader, query, signal),
    reader.rows('changes', 'changes', asking, signal),
    newestBuildsets(reader, signal),
  ]);
  const bySource = new Map<number, number[]>();
  for (const buildset of buildsets) {
    for (const { ssid } of buildset.sourcestamps) bySource.set(ssid, [...(bySource.get(ssid) ?? []), buildset.bsid]);
  }
  const rows = changes.map((change: Change) => bySource.get(change.sourcestamp.ssid) ?? []);
  const asked = await askedFor(reader, new Set(rows.flat()), new Set(builders.map((one) => one.builderid)), signal);
  return { builders, changes, cells: cellsOf(rows, asked) } as unknown as ConsoleView;
}

const only = (query: Query, name: string): Query => {
  const value = texts(query, name)[0];
  return value === undefined ? {} : { [name]: value };
};
