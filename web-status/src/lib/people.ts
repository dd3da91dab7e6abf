import type { Change, Properties } from '../../client/index.ts';
import { distinct } from './distinct.ts';
import { authorName } from './format.ts';

/** Those who are responsible for a build. */
export interface People {
  /** Whom its properties name as owners, as who forced it. */
  owners: string[];
  /** Who wrote its changes. */
  authors: string[];
  /** Who brought in changes of others. */
  committers: string[];
}

/** Tells who is responsible for a build, each one once and by name. */
export function peopleOf(properties: Properties, changes: readonly Change[]): People {
  const owners = unique(['owner', 'owners'].flatMap((name) => texts(properties[name]?.[0])));
  const authors = unique(changes.map((change) => change.author));
  const committers = unique(changes.flatMap((change) => change.committer ?? [])).filter((name) => !authors.includes(name));
  return { owners, authors, committers };
}

function texts(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(texts);
  return typeof value === 'string' && value.trim() !== '' ? [value] : [];
}

function unique(people: string[]): string[] {
  return distinct(people.map(authorName));
}
