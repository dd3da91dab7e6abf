import type { Properties, Sourcestamp, Step } from '../../client/index.ts';
import { took, valueText } from './format.ts';

/** What a property was in one build and is in another; undefined where it is not there. */
export interface PropertyDifference {
  name: string;
  before: unknown;
  after: unknown;
}

/** Properties that differ from build to build, and what of them is told elsewhere. */
const OF_EACH = new Set([
  'buildnumber', 'workername', 'reason', 'revision', 'got_revision', 'builddir', 'basedir', 'codebase', 'repository', 'project', 'owner', 'owners',
]);

/** Properties in which two builds differ, by name; those that differ anyway are left out. */
export function diffProperties(before: Properties, after: Properties): PropertyDifference[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((name) => !OF_EACH.has(name)).sort();
  return names.flatMap((name) => {
    const [one, other] = [before[name]?.[0], after[name]?.[0]];
    return one === other || valueText(canonical(one)) === valueText(canonical(other)) ? [] : [{ name, before: one, after: other }];
  });
}

/** The same value whatever the order of its keys. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, one]) => [key, canonical(one)]));
}

/** How a step differs; `before` or `after` is undefined where the build has no such step, or it never began. */
export interface StepDifference {
  name: string;
  kind: 'added' | 'removed' | 'results' | 'slower' | 'faster';
  before: Step | undefined;
  after: Step | undefined;
}

/** A step that took this much longer or shorter than before, in seconds and as a ratio, is worth a word. */
const MUCH = { seconds: 2, ratio: 1.5 };

/** Steps in which two builds differ: those that only one has, that came to something else, and that took much longer or shorter. */
export function diffSteps(before: readonly Step[], after: readonly Step[]): StepDifference[] {
  const old = new Map(before.map((step) => [step.name, step]));
  const names = new Set(after.map((step) => step.name));
  const found: StepDifference[] = after.flatMap((step) => {
    const kind = differs(old.get(step.name), step);
    return kind ? [{ name: step.name, kind, before: old.get(step.name), after: step }] : [];
  });
  const gone = before.filter((step) => !names.has(step.name) && step.started_at !== null);
  return [...found, ...gone.map((step) => ({ name: step.name, kind: 'removed' as const, before: step, after: undefined }))];
}

function differs(before: Step | undefined, after: Step): StepDifference['kind'] | undefined {
  if (!before) return after.started_at === null ? undefined : 'added';
  if (!after.complete) return undefined;
  if (before.results !== after.results) return 'results';
  const [was, is] = [took(before, 0), took(after, 0)];
  if (was === undefined || is === undefined || Math.abs(is - was) < MUCH.seconds) return undefined;
  if (is >= was * MUCH.ratio) return 'slower';
  return was >= is * MUCH.ratio ? 'faster' : undefined;
}

/** What a build was made of: a revision of each codebase. */
export interface BuiltSource {
  codebase: string;
  repository: string;
  branch: string | null;
  revision: string | null;
}

/** The revisions that a build was made of: what was asked for, else what its steps got. */
export function builtSources(stamps: readonly Sourcestamp[], properties: Properties): BuiltSource[] {
  return stamps.map(({ codebase, repository, branch, revision }) => ({ codebase, repository, branch, revision: revision ?? got(properties, codebase) }));
}

/** `got_revision` is a text, or an object by codebase where there are several. */
function got(properties: Properties, codebase: string): string | null {
  const value = properties['got_revision']?.[0];
  if (typeof value === 'string') return value;
  const one = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[codebase] : undefined;
  return typeof one === 'string' ? one : null;
}

/** A codebase in two builds. */
export interface SourceDifference {
  codebase: string;
  before: BuiltSource | undefined;
  after: BuiltSource | undefined;
}

/** Codebases of which two builds had another revision, or another branch where both name one. */
export function diffSources(before: readonly BuiltSource[], after: readonly BuiltSource[]): SourceDifference[] {
  const names = [...new Set([...after, ...before].map((source) => source.codebase))];
  const of = (sources: readonly BuiltSource[], name: string): BuiltSource | undefined => sources.find((source) => source.codebase === name);
  return names
    .map((codebase) => ({ codebase, before: of(before, codebase), after: of(after, codebase) }))
    .filter(({ before, after }) => before?.revision !== after?.revision || (before?.branch && after?.branch && before.branch !== after.branch));
}
