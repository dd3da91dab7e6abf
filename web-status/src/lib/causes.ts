import type { Build } from '../../client/index.ts';

/** A build that went wrong, as far as it is known why. */
export interface Fault {
  build: Pick<Build, 'buildid' | 'number' | 'builderid' | 'workerid' | 'complete_at' | 'started_at' | 'state_string' | 'results'>;
  /** What it built, where that is told. */
  revision?: string | undefined;
  /** The first step that went wrong; a build may go wrong without one, as when its worker is lost. */
  step?: { stepid: number; name: string; state_string: string } | undefined;
}

/** Builds that went wrong in the same way: at the same step, which says the same. */
export interface Symptom {
  key: string;
  /** The step's name; empty where it was none. */
  step: string;
  /** What the step, or the build, says. */
  state: string;
  /** The newest first. */
  faults: Fault[];
}

/** Symptoms that have one cause as far as can be told. */
export interface Cause {
  key: string;
  /** Where all of it began, if that was at one revision on several builders. */
  revision?: string;
  /** Where all builds ran, if there was more than one and good ones ran elsewhere. */
  workerid?: number;
  symptoms: Symptom[];
  builders: number[];
  builds: number;
  /** When the last of its builds ended. */
  last: number;
}

/**
 * What a state says without what differs from build to build: how many tests failed, how long it took. A number that tells
 * how a program ended is what makes two failures differ, and stays.
 */
export function sameness(state: string): string {
  return state
    .toLowerCase()
    .replace(/\b[0-9a-f]{12,}\b/g, '#')
    .replace(/(\b(?:exit(?:ed)?(?: with)?|code|status|signal|rc)\b[ =:]*-?)?\d+(?:[.,]\d+)*/g, (all, ended: string | undefined) => (ended ? all : '#'))
    .replace(/\s+/g, ' ')
    .trim();
}

/** What a fault has in common with others. */
export function symptomOf({ build, step }: Fault): string {
  return step ? `${step.name}\n${sameness(step.state_string)}` : `\n${sameness(build.state_string)}`;
}

const endOf = ({ build }: Fault): number => build.complete_at ?? build.started_at;

/** The symptoms of some faults. */
export function symptoms(faults: readonly Fault[]): Symptom[] {
  const byKey = new Map<string, Symptom>();
  for (const fault of faults.toSorted((a, b) => b.build.buildid - a.build.buildid)) {
    const key = symptomOf(fault);
    const found = byKey.get(key);
    if (found) found.faults.push(fault);
    else byKey.set(key, { key, step: fault.step?.name ?? '', state: fault.step?.state_string ?? fault.build.state_string, faults: [fault] });
  }
  return [...byKey.values()];
}

/** The one revision at which a symptom began on each of its builders, where there is one. */
function beginning({ faults }: Symptom): string | undefined {
  const first = new Map<number, string | undefined>();
  // The newest come first, so that the oldest of a builder stays.
  for (const { build, revision } of faults) first.set(build.builderid, revision);
  const [revision, ...others] = new Set(first.values());
  return others.length === 0 ? revision : undefined;
}

/**
 * Groups faults by cause. Those of one symptom belong together; so do symptoms that began at the same revision on more
 * than one builder, for then what was changed is more likely the cause than each of the steps. `usedWorkers` tells on which
 * workers good builds ran, to tell a bad worker from the only one.
 */
export function causes(faults: readonly Fault[], usedWorkers: ReadonlySet<number>): Cause[] {
  const found = symptoms(faults);
  const byRevision = new Map<string, Symptom[]>();
  for (const symptom of found) {
    const revision = beginning(symptom);
    if (revision) byRevision.set(revision, [...(byRevision.get(revision) ?? []), symptom]);
  }
  const made: Cause[] = [];
  const taken = new Set<Symptom>();
  for (const [revision, together] of byRevision) {
    if (buildersOf(together).length < 2) continue;
    for (const symptom of together) taken.add(symptom);
    made.push(causeOf(together, usedWorkers, revision));
  }
  for (const symptom of found) if (!taken.has(symptom)) made.push(causeOf([symptom], usedWorkers));
  return made.sort((a, b) => b.last - a.last);
}

function buildersOf(some: readonly Symptom[]): number[] {
  return [...new Set(some.flatMap(({ faults }) => faults.map(({ build }) => build.builderid)))];
}

function causeOf(some: Symptom[], usedWorkers: ReadonlySet<number>, revision?: string): Cause {
  const faults = some.flatMap((symptom) => symptom.faults);
  const builders = buildersOf(some);
  const [workerid, ...others] = new Set(faults.map(({ build }) => build.workerid));
  // One builder's builds may all run on one worker for want of another: several builders' tell more.
  const there = others.length === 0 && builders.length > 1 && typeof workerid === 'number' && [...usedWorkers].some((one) => one !== workerid);
  return {
    key: revision ?? some[0]?.key ?? '', symptoms: some, builders, builds: faults.length, last: Math.max(...faults.map(endOf)),
    ...(revision === undefined ? {} : { revision }), ...(there ? { workerid } : {}),
  };
}

const TELLING = /\b(?:errors?|fatal|fail(?:ed|ure|s)?|assert\w*|panic\w*|exceptions?|traceback|undefined|cannot|can't|denied|missing|not found|no such|timed? ?out|killed|abort\w*|segmentation|mismatch|expected)\b/i;
const STRONG = /(?:\b(?:error|fatal)\b ?[:[!]|\bFAILED\b|\bFAIL:|\bERROR\b|\bpanicked\b|^\s*E\s{2,}|assert\w* fail|AssertionError|\b\w+(?:Error|Exception):)/;
const NONE = /\b(?:0|no) (?:errors?|fail\w*|warnings?)\b/i;
// eslint-disable-next-line no-control-regex -- escape sequences are made of them
const ESCAPES = /\u001b\[[0-9;?]*[ -/]*[@-~]|\u001b[@-_]|[\u0000-\u0008\u000b-\u001f\u007f]/g;

/**
 * The line of a log that most likely tells what went wrong: the first that is clearly an error, else the first that speaks of
 * one, else the last that was written to the error stream. `stream`: whether each line begins with its stream's letter.
 */
export function errorLine(content: string, stream: boolean): string | undefined {
  const lines = content.split('\n').filter((line) => line !== '').map((line) => ({
    stream: stream ? line.slice(0, 1) : 'o',
    text: (stream ? line.slice(1) : line).replace(ESCAPES, '').trim(),
  })).filter((line) => line.text !== '' && line.stream !== 'h' && line.stream !== 'i');
  const telling = lines.filter(({ text }) => !NONE.test(text));
  const found = telling.find(({ text }) => STRONG.test(text)) ?? telling.find(({ text }) => TELLING.test(text)) ?? lines.findLast((line) => line.stream === 'e');
  return found && (found.text.length > 300 ? `${found.text.slice(0, 299)}…` : found.text);
}
