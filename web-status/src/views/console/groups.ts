import type { Builder } from '../../../client/index.ts';

/** A builder, or builders that have a tag, with groups within. */
export type Node = { builder: Builder } | Group;

/** Builders that have a tag. */
export interface Group {
  tag: string;
  /** The tags from the outermost on, as the address names the group. */
  path: string;
  nodes: Node[];
  builders: Builder[];
}

/** A column: a builder, or a group that is folded. */
export interface Column {
  key: string;
  builder?: Builder;
  group?: Group;
}

/** A group's header over its columns, from the first to the last. */
export interface Band {
  group: Group;
  from: number;
  to: number;
  folded: boolean;
}

/** How deep groups are nested. */
const DEPTH = 3;
const compare = new Intl.Collator(undefined, { numeric: true }).compare;

/**
 * Groups builders by their tags: the tag that most have makes a group, whose builders are grouped by their other tags, and
 * so on with those that are left. A tag that all have, or only one, makes no group. Each builder stands in one place.
 */
export function groupByTag(builders: readonly Builder[], used: readonly string[] = []): Node[] {
  const groups: Group[] = [];
  let rest = [...builders];
  while (used.length < DEPTH) {
    const tag = mostUsed(rest, used, groups.length === 0);
    if (tag === undefined) break;
    const inside = rest.filter((builder) => builder.tags.includes(tag));
    const path = [...used, tag];
    groups.push({ tag, path: path.map(encodeURIComponent).join('/'), nodes: groupByTag(inside, path), builders: inside });
    rest = rest.filter((builder) => !builder.tags.includes(tag));
  }
  groups.sort((a, b) => compare(a.tag, b.tag));
  return [...groups, ...rest.map((builder) => ({ builder }))];
}

function mostUsed(builders: readonly Builder[], used: readonly string[], alone: boolean): string | undefined {
  const counts = new Map<string, number>();
  for (const { tags } of builders) for (const tag of new Set(tags)) if (!used.includes(tag)) counts.set(tag, (counts.get(tag) ?? 0) + 1);
  // What all of them have tells them not apart, unless others were set apart before.
  const some = [...counts].filter(([, count]) => count > 1 && !(alone && count === builders.length));
  return some.sort(([a, x], [b, y]) => y - x || compare(a, b))[0]?.[0];
}

/** The columns of groups, and the headers above them, the outermost first; folded groups are one column. */
export function layOut(nodes: readonly Node[], folded: ReadonlySet<string>): { columns: Column[]; bands: Band[][] } {
  const columns: Column[] = [];
  const bands: Band[][] = [];
  const put = (list: readonly Node[], depth: number): void => {
    for (const node of list) {
      if ('builder' in node) {
        columns.push({ key: `b${node.builder.builderid}`, builder: node.builder });
        continue;
      }
      const from = columns.length;
      const isFolded = folded.has(node.path);
      if (isFolded) columns.push({ key: `g${node.path}`, group: node });
      else put(node.nodes, depth + 1);
      (bands[depth] ??= []).push({ group: node, from, to: columns.length - 1, folded: isFolded });
    }
  };
  put(nodes, 0);
  for (const band of bands) band.sort((a, b) => a.from - b.from);
  return { columns, bands: Array.from(bands, (band) => band ?? []) };
}

/** The paths of all groups. */
export function pathsOf(nodes: readonly Node[]): string[] {
  return nodes.flatMap((node) => ('builder' in node ? [] : [node.path, ...pathsOf(node.nodes)]));
}
