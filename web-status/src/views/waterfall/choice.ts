import type { Builder } from '../../../client/index.ts';
import { admits, tagsOf, type TagChoice } from '../../lib/tags.ts';
import { readSpan, SPANS, USUAL_SPAN } from './axis.ts';
import type { Built } from './column.ts';

/** What the reader chose, as the address has it. */
export interface Choice {
  /** Words that a builder's name has to hold. */
  search: string;
  tags: TagChoice;
  project: number | undefined;
  /** Changes of this branch alone. */
  branch: string;
  /** Only builders that built something in the time that is in sight. */
  busy: boolean;
  /** Also builders that are configured no more. */
  old: boolean;
  /** Minutes beyond which idle time is cut out, 0: nowhere; undefined: as the settings have it. */
  idle: number | undefined;
  steps: boolean;
  newestTop: boolean;
  width: Width | undefined;
  /** Seconds that a screen shows. */
  span: number;
  /** The newest moment in sight, in UTC seconds; undefined: now, and it stays so. */
  at: number | undefined;
}

/** How wide columns are at the least. */
export type Width = 'narrow' | 'normal' | 'wide';
export const WIDTHS: Readonly<Record<Width, number>> = { narrow: 24, normal: 76, wide: 150 };
/** From this span on, columns are narrow if nobody chose. */
const LONG = 2 * 86_400;

/** Reads a choice; what makes no sense is as if it was not there. */
export function readChoice(query: URLSearchParams): Choice {
  const project = Number(query.get('project') ?? NaN);
  const at = Number(query.get('at') ?? NaN);
  const width = query.get('width');
  const idle = query.get('idle') ?? '';
  return {
    search: query.get('q') ?? '',
    tags: tagsOf(query),
    project: Number.isInteger(project) ? project : undefined,
    branch: query.get('branch') ?? '',
    busy: query.get('busy') === '1',
    old: query.get('old') === 'yes',
    idle: /^\d{1,5}$/.test(idle) ? Number(idle) : undefined,
    steps: query.get('steps') !== '0',
    newestTop: query.get('order') !== 'oldest',
    width: width !== null && Object.hasOwn(WIDTHS, width) ? (width as Width) : undefined,
    span: readSpan(query.get('span')) ?? USUAL_SPAN,
    at: at > 0 && at < 1e11 ? at : undefined,
  };
}

/** The least width of a column. */
export function leastWidth({ width, span }: Pick<Choice, 'width' | 'span'>, narrowScreen: boolean): number {
  const usual: Width = span >= LONG ? 'narrow' : 'normal';
  const least = WIDTHS[width ?? usual];
  return narrowScreen && width === undefined && least > 60 ? 60 : least;
}

/** The builders that are wanted, by name; `busy` tells who built something, where only those are wanted. */
export function wantedBuilders(builders: readonly Builder[], choice: Choice, busy: (id: number) => boolean): Builder[] {
  const words = choice.search.toLowerCase().split(/\s+/).filter((word) => word !== '');
  return builders.filter(
    (builder) =>
      words.every((word) => builder.name.toLowerCase().includes(word) || builder.tags.some((tag) => tag.toLowerCase().includes(word))) &&
      admits(choice.tags, builder.tags) &&
      (choice.old || builder.masterids.length > 0) &&
      (choice.project === undefined || builder.projectid === choice.project) &&
      (!choice.busy || busy(builder.builderid)),
  );
}

/** A build is so high on a screen, as a part of it, that it can be read. */
const READABLE = 1 / 45;

/** The span to begin with where nobody chose: in which builds can be read, and the newest ones are in sight. */
export function fittingSpan(builds: readonly Pick<Built, 'start' | 'end'>[], now: number): number {
  const lengths = builds.flatMap(({ start, end }) => (end === null ? [] : [end - start])).sort((a, b) => a - b);
  const newest = Math.max(...builds.map((build) => build.start));
  const median = lengths[lengths.length >> 1];
  if (median === undefined) return USUAL_SPAN;
  return Math.min(USUAL_SPAN, SPANS.find((span) => span >= median / READABLE && span >= (now - newest) * 2) ?? USUAL_SPAN);
}
