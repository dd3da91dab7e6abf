import type { TestResult, TestResultSet } from '../../client/index.ts';

/** What a test came to; `measured` is a value that is neither good nor bad by itself. */
export type Verdict = 'passed' | 'failed' | 'measured';

/** What a result of a set of this category says. */
export function verdictOf(category: string, value: string): Verdict {
  switch (category) {
    case 'pass_fail': return /^(1|true|yes|pass(ed)?|ok)$/i.test(value) ? 'passed' : 'failed';
    case 'pass_only': return 'passed';
    case 'fail_only':
    case 'code_issue': return 'failed';
    default: return 'measured';
  }
}

/** What is asked of the server for the failed results of a set; undefined where it has none. */
export function failedQuery(set: Pick<TestResultSet, 'category'>): Record<string, string> | undefined {
  if (set.category === 'pass_fail') return { value__ne: '1' };
  return set.category === 'fail_only' || set.category === 'code_issue' ? {} : undefined;
}

/** The name of a test for people: what it is about where it has no name. */
export function testName(result: TestResult): string {
  return result.test_name ?? result.test_code_path ?? '';
}

/** A result's text where it has one beside its verdict, such as a message or a measured value with its unit. */
export function testValue(set: Pick<TestResultSet, 'category' | 'value_unit'>, result: Pick<TestResult, 'value'>): string {
  if (set.value_unit === 'boolean') return '';
  return set.value_unit === 'message' ? result.value : `${result.value} ${set.value_unit}`;
}

/** One run of a test in its history. */
export interface TestRun {
  buildid: number;
  verdict: Verdict;
  result: TestResult;
}

/** The runs of each test by its name, the newest first; results of sets that are not known are left out. */
export function runsByName(results: readonly TestResult[], sets: readonly TestResultSet[]): Map<string, TestRun[]> {
  const known = new Map(sets.map((set) => [set.test_result_setid, set]));
  const found = new Map<string, TestRun[]>();
  const runs = results.flatMap((result): TestRun[] => {
    const set = known.get(result.test_result_setid);
    return set ? [{ buildid: set.buildid, verdict: verdictOf(set.category, result.value), result }] : [];
  });
  // By build, not by when it told: one that began later may end earlier.
  for (const run of runs.toSorted((a, b) => b.buildid - a.buildid || b.result.test_resultid - a.result.test_resultid)) {
    const name = testName(run.result);
    found.set(name, [...(found.get(name) ?? []), run]);
  }
  return found;
}

/** Since when a test fails without a pass between, as the first failed run that is known; `runs` come the newest first. */
export function failingSince(runs: readonly TestRun[]): { run: TestRun; known: boolean } | undefined {
  const good = runs.findIndex((run) => run.verdict !== 'failed');
  const run = runs[(good < 0 ? runs.length : good) - 1];
  return run ? { run, known: good >= 0 } : undefined;
}

/** How often a test turned from good to bad or back: one that does so often is flaky. */
export function turns(runs: readonly TestRun[]): number {
  return runs.filter((run, at) => at > 0 && run.verdict !== runs[at - 1]?.verdict).length;
}

/** Seconds that a test took; undefined where it is not told. */
export function testSeconds(result: Pick<TestResult, 'duration_ns'>): number | undefined {
  return result.duration_ns === null ? undefined : result.duration_ns / 1e9;
}
