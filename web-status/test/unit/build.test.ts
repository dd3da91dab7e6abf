import { describe, expect, it } from 'vitest';

import type { Build, Change, Sourcestamp, Step, TestResult, TestResultSet } from '../../client/index.ts';
import { builtSources, diffProperties, diffSources, diffSteps } from '../../src/lib/builddiff.ts';
import { expectedSeconds, progress } from '../../src/lib/expected.ts';
import { peopleOf } from '../../src/lib/people.ts';
import { groupSteps } from '../../src/lib/stepgroups.ts';
import { failedQuery, failingSince, runsByName, turns, verdictOf } from '../../src/lib/testresults.ts';
import { segments, ticks, waitedForLocks } from '../../src/lib/timeline.ts';
import { byStep, triggerLink, type Child } from '../../src/lib/triggered.ts';

/** A step from `from` to `to`, in seconds; null where it has not begun or ended. */
function step(number: number, from: number | null, to: number | null, more: Partial<Step> = {}): Step {
  return {
    stepid: number + 100, number, name: `step ${number}`, buildid: 1, started_at: from, locks_acquired_at: from, complete: to !== null, complete_at: to,
    results: to === null ? null : 0, state_string: '', urls: [], hidden: false, ...more,
  };
}
const numbers = (steps: Step[]): number[][] => groupSteps(steps).map((group) => group.map((one) => one.number));

describe('groups of steps', () => {
  it('are those that ran at the same time', () => {
    expect(numbers([step(0, 0, 2), step(1, 2, 5), step(2, 2, 9), step(3, 3, 4), step(4, 9, 10)])).toEqual([[0], [1, 2, 3], [4]]);
  });

  it('hold what begins after the first of them has ended, as long as another runs', () => {
    expect(numbers([step(0, 0, 2), step(1, 0, 8), step(2, 2, 9), step(3, 8.5, 12), step(4, 12, 13)])).toEqual([[0, 1, 2, 3], [4]]);
  });

  it('are told by microseconds where there are some, and never by whole seconds that are equal', () => {
    expect(numbers([step(0, 5, 5), step(1, 5, 6)])).toEqual([[0], [1]]);
    const near = [step(0, 5, 6, { started_at_us: 5_100_000, complete_at_us: 6_000_000 }), step(1, 5, 6, { started_at_us: 5_900_000, complete_at_us: 6_100_000 })];
    expect(numbers(near)).toEqual([[0, 1]]);
  });

  it('leave alone what has not begun', () => {
    expect(numbers([step(0, 0, null), step(1, 1, null), step(2, null, null), step(3, null, 4, { results: 3 })])).toEqual([[0, 1], [2], [3]]);
    expect(groupSteps([])).toEqual([]);
  });
});

describe('a timeline', () => {
  it('has lanes for steps at the same time, and the wait for locks', () => {
    const steps = [step(0, 0, 10), step(1, 10, 30), step(2, 10, 20), step(3, 30, null, { locks_acquired_at: 35 }), step(4, null, null)];
    const found = segments(steps, 0, 100, 60).map(({ step: { number }, lane, left, width, waited }) => [number, lane, left, width, waited].map((n) => Math.round(n * 1000) / 1000));
    expect(found).toEqual([[0, 0, 0, 0.1, 0], [1, 0, 0.1, 0.2, 0], [2, 1, 0.1, 0.1, 0], [3, 0, 0.3, 0.3, 0.05]]);
  });

  it('waits up to now where the locks are not there yet', () => {
    const one = step(0, 10, null, { locks_acquired_at: null });
    expect(waitedForLocks(one, 14)).toBe(4);
    expect(segments([one], 0, 20, 14)[0]?.waited).toBeCloseTo(0.2);
    expect(waitedForLocks(step(0, 10, 12, { locks_acquired_at: null }), 14)).toBe(0);
  });

  it('has round ticks, few of them, and none for nothing', () => {
    expect(ticks(50)).toEqual([10, 20, 30, 40]);
    expect(ticks(0)).toEqual([]);
    for (const length of [1, 7, 61, 4000, 90_000, 3_000_000]) expect(ticks(length).length).toBeLessThanOrEqual(6);
  });
});

describe('what is expected of a build', () => {
  const build = (seconds: number, workerid: number, results: Build['results'] = 0): Build =>
    ({ complete: true, results, workerid, started_at: 100, complete_at: 100 + seconds }) as Build;

  it('is the mean of good builds, on its worker if there are any', () => {
    const before = [build(10, 1), build(20, 1, 1), build(100, 1, 2), build(60, 2)];
    expect(expectedSeconds(before, 1)).toBe(15);
    expect(expectedSeconds(before, 7)).toBe(30);
    expect(expectedSeconds([build(5, 1, 2)], 1)).toBeUndefined();
  });

  it('is never more than all', () => {
    expect(progress(100, 50, 120)).toEqual({ share: 0.4, left: 30 });
    expect(progress(100, 50, 170)).toEqual({ share: 1, left: -20 });
    expect(progress(100, 50, 90).share).toBe(0);
    expect(progress(100, 0, 100).share).toBe(1);
  });
});

describe('the difference of two builds', () => {
  it('leaves out properties that differ anyway, and the order of keys', () => {
    const before = { buildnumber: [1, ''], a: [1, 'x'], b: [{ one: 1, two: [2] }, ''], gone: ['x', ''] } as never;
    const after = { buildnumber: [2, ''], a: ['1', 'y'], b: [{ two: [2], one: 1 }, 'other'], come: [null, ''] } as never;
    expect(diffProperties(before, after)).toEqual([
      { name: 'come', before: undefined, after: null },
      { name: 'gone', before: 'x', after: undefined },
    ]);
    expect(diffProperties({ a: ['debug', ''] }, { a: ['release', ''] })).toEqual([{ name: 'a', before: 'debug', after: 'release' }]);
  });

  it('names steps that came, went, came to something else, or took much longer', () => {
    const named = (name: string, from: number | null, to: number | null, results: Step['results'] = 0): Step => step(0, from, to, { name, results });
    const before = [named('same', 0, 10), named('slow', 0, 10), named('fast', 0, 10), named('bad', 0, 1), named('old', 0, 1), named('never', null, 1, 3), named('tiny', 0, 0.1)];
    const after = [named('same', 0, 12), named('slow', 0, 20), named('fast', 0, 5), named('bad', 0, 1, 2), named('new', 0, 1), named('tiny', 0, 1), named('soon', null, null, null)];
    expect(diffSteps(before, after).map(({ name, kind }) => `${name}: ${kind}`)).toEqual(['slow: slower', 'fast: faster', 'bad: results', 'new: added', 'old: removed']);
  });

  it('knows the revision of each codebase, asked for or got', () => {
    const stamp = (codebase: string, revision: string | null): Sourcestamp => ({ codebase, revision, branch: 'main', repository: 'r' }) as Sourcestamp;
    const one = builtSources([stamp('app', 'a1'), stamp('lib', null)], { got_revision: [{ lib: 'b1' }, ''] });
    const other = builtSources([stamp('app', 'a2'), stamp('lib', null)], { got_revision: [{ lib: 'b1' }, ''] });
    expect(diffSources(one, other).map(({ codebase, before, after }) => [codebase, before?.revision, after?.revision])).toEqual([['app', 'a1', 'a2']]);
    expect(builtSources([stamp('', null)], { got_revision: ['c1', ''] })[0]?.revision).toBe('c1');
    expect(builtSources([stamp('', null)], {})[0]?.revision).toBe(null);
    expect(diffSources(one, one)).toEqual([]);
    expect(diffSources([], one).length).toBe(2);
    expect(diffSources([{ codebase: '', repository: '', branch: null, revision: 'a1' }], [{ codebase: '', repository: 'r', branch: 'main', revision: 'a1' }])).toEqual([]);
  });
});

describe('test results', () => {
  const set = (id: number, buildid: number, category = 'pass_fail'): TestResultSet => ({ test_result_setid: id, buildid, category }) as TestResultSet;
  const result = (id: number, of: number, value: string, name = 't'): TestResult => ({ test_resultid: id, test_result_setid: of, value, test_name: name, test_code_path: null }) as TestResult;

  it('are good or bad by their category', () => {
    expect([verdictOf('pass_fail', '1'), verdictOf('pass_fail', '0'), verdictOf('pass_only', '0'), verdictOf('code_issue', 'x'), verdictOf('performance', '3')]).toEqual([
      'passed', 'failed', 'passed', 'failed', 'measured',
    ]);
    expect(failedQuery(set(1, 1))).toEqual({ value__ne: '1' });
    expect(failedQuery(set(1, 1, 'performance'))).toBeUndefined();
  });

  it('make a history: since when a test fails, and how often it turned', () => {
    const sets = [1, 2, 3, 4].map((id) => set(id, id * 10));
    const runs = runsByName([result(1, 1, '0'), result(2, 2, '1'), result(3, 3, '0'), result(4, 4, '0'), result(5, 9, '0'), result(6, 4, '1', 'u')], sets);
    expect(runs.get('t')?.map((run) => run.buildid)).toEqual([40, 30, 20, 10]);
    expect(failingSince(runs.get('t') ?? [])).toMatchObject({ run: { buildid: 30 }, known: true });
    expect(failingSince(runs.get('u') ?? [])).toBeUndefined();
    expect(failingSince((runs.get('t') ?? []).slice(0, 2))).toMatchObject({ run: { buildid: 30 }, known: false });
    expect(turns(runs.get('t') ?? [])).toBe(2);
  });
});

it('tells who is responsible, each one once', () => {
  const change = (author: string, committer: string | null = null): Change => ({ author, committer }) as Change;
  const found = peopleOf({ owners: [['Ada <a@x>', 'Ben'], ''], owner: ['Ada', ''] }, [change('Cleo <c@x>', 'Ada <a@x>'), change('Cleo <c@y>', 'Cleo <c@x>')]);
  expect(found).toEqual({ owners: ['Ada', 'Ben'], authors: ['Cleo'], committers: ['Ada'] });
  expect(peopleOf({ owner: [{ odd: 1 }, ''] }, []).owners).toEqual([]);
});

it('reads the links of steps that trigger builds', () => {
  expect(triggerLink('#/builders/2/builds/7')).toEqual({ builderid: 2, number: 7 });
  expect(triggerLink('https://ci.example.org/#builders/2/builds/7')).toEqual({ builderid: 2, number: 7 });
  expect(triggerLink('http://localhost:8010/#/buildrequests/12')).toEqual({ requestid: 12 });
  expect(triggerLink('https://example.org/builders/2/builds/7')).toBeUndefined();
  expect(triggerLink('#/builders/2/builds/7/steps/1')).toBeUndefined();
});

it('gives each triggered build to the first step that links to it', () => {
  const children = [{ build: { builderid: 2, number: 7 } }, { build: { builderid: 3, number: 1 } }, { request: { buildrequestid: 12 } }] as unknown as Child[];
  const link = (url: string): Step['urls'] => [{ name: '', url }];
  const steps = [step(0, 0, 1), step(1, 0, 1, { urls: link('#/builders/2/builds/7') }), step(2, 0, 1, { urls: [...link('#/builders/2/builds/7'), ...link('#/buildrequests/12')] })];
  const found = byStep(children, steps);
  expect([...found.steps].map(([id, list]) => [id, list.map((child) => children.indexOf(child))])).toEqual([[101, [0]], [102, [2]]]);
  expect(found.rest).toEqual([children[1]]);
});
