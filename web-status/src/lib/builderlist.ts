import type { Build, Builder, Project } from '../../client/index.ts';
import { took } from './format.ts';
import { statusOf } from './status.ts';
import { percent, tally } from './tally.ts';

/** What a list of builders can be sorted by. */
export const SORTS = ['name', 'result', 'rate', 'waiting', 'workers', 'duration', 'started'] as const;
export type Sort = (typeof SORTS)[number];

/** What stands in an address: a column, with `-` before it where the highest comes first. */
export function sortOf(text: string | null): { by: Sort; down: boolean } {
  const by = SORTS.find((one) => one === text?.replace(/^-/, ''));
  return by ? { by, down: text?.startsWith('-') === true } : { by: 'name', down: false };
}

/** What an address says after a click on a column: the same again turns it round. */
export function resorted(now: { by: Sort; down: boolean }, by: Sort): string | undefined {
  const down = now.by === by ? !now.down : by !== 'name' && by !== 'rate' && by !== 'workers';
  return by === 'name' && !down ? undefined : `${down ? '-' : ''}${by}`;
}

/** What is asked of each builder, when it is sorted by that. */
export interface Facts {
  /** The newest first. */
  builds: (builderid: number) => readonly Build[];
  waiting: (builderid: number) => number;
  workers: (builderid: number) => { online: number; all: number };
}

/** The worse, the more. */
const BADNESS: Record<string, number> = { exception: 6, failure: 5, warnings: 4, retry: 3, cancelled: 2, skipped: 2, success: 1, none: 0 };

function value(builderid: number, by: Sort, facts: Facts): number | undefined {
  const last = (): Build | undefined => facts.builds(builderid).find(({ complete }) => complete);
  switch (by) {
    case 'result': return BADNESS[statusOf(last())] ?? 0;
    case 'rate': return percent(tally(facts.builds(builderid)));
    case 'waiting': return facts.builds(builderid).filter(({ complete }) => !complete).length * 1e6 + facts.waiting(builderid);
    case 'workers': return facts.workers(builderid).online;
    case 'duration': {
      const build = last();
      return build && took(build, 0);
    }
    case 'started': return facts.builds(builderid)[0]?.started_at;
    default: return undefined;
  }
}

const collator = new Intl.Collator(undefined, { numeric: true });

/** Builders in order; those of which nothing is known stand last, whatever the direction. */
export function sorted(builders: readonly Builder[], { by, down }: { by: Sort; down: boolean }, facts: Facts): Builder[] {
  const byName = builders.toSorted((a, b) => collator.compare(a.name, b.name));
  if (by === 'name') return down ? byName.reverse() : byName;
  const values = new Map(byName.map(({ builderid }) => [builderid, value(builderid, by, facts)]));
  return byName.sort((a, b) => {
    const [one, other] = [values.get(a.builderid), values.get(b.builderid)];
    if (one === undefined || other === undefined) return Number(one === undefined) - Number(other === undefined);
    return down ? other - one : one - other;
  });
}

/** Whether each word stands in the builder's name or one of its tags. */
export function matches({ name, tags }: Pick<Builder, 'name' | 'tags'>, text: string): boolean {
  const names = [name, ...tags].map((one) => one.toLowerCase());
  return text.toLowerCase().split(/\s+/).filter((word) => word !== '').every((word) => names.some((one) => one.includes(word)));
}

/** Builders under a heading. */
export interface Group {
  key: string;
  /** Undefined for those that belong to none. */
  title: string | undefined;
  projectid?: number;
  builders: Builder[];
}

/** Builders by project or by tag; those with several tags stand under each. */
export function grouped(builders: readonly Builder[], by: 'project' | 'tag', projects: readonly Project[]): Group[] {
  const found = new Map<string, Group>();
  const add = (key: string, builder: Builder, made: () => Omit<Group, 'key' | 'builders'>): void => {
    const group = found.get(key) ?? { key, ...made(), builders: [] };
    group.builders.push(builder);
    found.set(key, group);
  };
  for (const builder of builders) {
    const { projectid } = builder;
    if (by === 'tag') for (const tag of builder.tags) add(`tag ${tag}`, builder, () => ({ title: tag }));
    else if (projectid !== null) add(`${projectid}`, builder, () => ({ projectid, title: projects.find((one) => one.projectid === projectid)?.name ?? `${projectid}` }));
    if (by === 'tag' ? builder.tags.length === 0 : projectid === null) add('', builder, () => ({ title: undefined }));
  }
  return [...found.values()].sort((a, b) => Number(a.title === undefined) - Number(b.title === undefined) || collator.compare(a.title ?? '', b.title ?? ''));
}
