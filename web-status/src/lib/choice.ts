import type { Builder, Change, Query } from '../../client/index.ts';
import type { Status } from './status.ts';

/** What a reader chose to see of builders and their sources, as the address has it. */
export interface Choice {
  branch: string | undefined;
  codebase: string | undefined;
  project: number | undefined;
  tags: string[];
  without: string[];
  /** Also builders that are configured no more. */
  old: boolean;
  limit: number;
}

/** How builds stand, as cells show it. */
export const SHOWN: readonly Status[] = ['success', 'warnings', 'failure', 'exception', 'cancelled', 'running', 'pending'];

/** How builds have to stand to be shown; none: however they stand. */
export function shownOf(query: URLSearchParams): ReadonlySet<Status> {
  const named = query.getAll('show');
  return new Set(SHOWN.filter((status) => named.includes(status)));
}

/** How many lines can be asked for. */
export const LIMITS = [25, 50, 100, 200] as const;
const USUAL = 50;
/** The server takes no more. */
const MOST_TAGS = 100;

/** Reads a choice from an address; what makes no sense there is as if it were not there. */
export function choiceOf(query: URLSearchParams): Choice {
  const number = (name: string): number | undefined => {
    const text = query.get(name) ?? '';
    return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
  };
  const tags = (name: string): string[] => [...new Set(query.getAll(name))].filter((tag) => tag !== '').slice(0, MOST_TAGS);
  return {
    branch: query.get('branch') || undefined, codebase: query.get('codebase') ?? undefined, project: number('project'),
    tags: tags('tag'), without: tags('without_tag'), old: query.get('old') === 'yes', limit: Math.min(200, Math.max(1, number('limit') ?? USUAL)),
  };
}

/** The choice as the server's views take it. */
export function viewQuery({ branch, codebase, project, tags, without, old, limit }: Choice): Query {
  return { branch, codebase, projectid: project, tag: tags, without_tag: without, removed: old || undefined, limit };
}

/** What there is to choose from. */
export interface Offer {
  branches: string[];
  codebases: string[];
  /** With the number of their builders. */
  tags: { tag: string; count: number }[];
  /** How many builders are configured no more. */
  old: number;
}

/** What builders and changes offer to choose from, and what is chosen already. */
export function offerOf(builders: readonly Builder[], changes: readonly Change[], choice: Choice): Offer {
  const order = new Intl.Collator(undefined, { numeric: true }).compare;
  const sorted = (names: Iterable<string>): string[] => [...new Set(names)].sort(order);
  const counts = new Map<string, number>([...choice.tags, ...choice.without].map((tag) => [tag, 0]));
  for (const { tags } of builders) for (const tag of tags) counts.set(tag, (counts.get(tag) ?? 0) + 1);
  return {
    branches: sorted([...changes.flatMap(({ branch }) => branch ?? []), ...(choice.branch === undefined ? [] : [choice.branch])]),
    codebases: sorted([...changes.map(({ codebase }) => codebase), ...(choice.codebase === undefined ? [] : [choice.codebase])]),
    tags: [...counts].map(([tag, count]) => ({ tag, count })).sort((a, b) => order(a.tag, b.tag)),
    old: builders.filter(({ masterids }) => masterids.length === 0).length,
  };
}
