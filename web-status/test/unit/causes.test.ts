import { describe, expect, it } from 'vitest';

import { causes, errorLine, sameness, type Fault } from '../../src/lib/causes.ts';

let ids = 0;
interface Given { builder: number; step?: string; state?: string; revision?: string; worker?: number; at?: number }
function fault({ builder, step, state = 'failed', revision, worker = 1, at = 100 }: Given): Fault {
  const buildid = ++ids;
  return {
    build: { buildid, number: buildid, builderid: builder, workerid: worker, started_at: at - 5, complete_at: at, state_string: state, results: 2 },
    revision, ...(step === undefined ? {} : { step: { stepid: buildid, name: step, state_string: state } }),
  };
}
const NONE = new Set<number>();

describe('causes of failures', () => {
  it('takes states for the same that differ only in counts, times and hashes', () => {
    expect(sameness('3 tests failed in 1.5 s')).toBe(sameness('14 tests failed  in 20.25 s'));
    expect(sameness('no bb95f7d1331d7f59bb95')).toBe(sameness('no aa95f7d1331d7f59bb95'));
    expect(sameness("'make' (failure, exit code 1)")).not.toBe(sameness("'make' (failure, exit code 2)"));
    expect(sameness('killed by signal 9')).not.toBe(sameness('killed by signal 11'));
  });
  it('groups builds that failed at the same step in the same way, over builders and time', () => {
    const found = causes([
      fault({ builder: 1, step: 'test', state: '3 failed', revision: 'a', at: 10 }), fault({ builder: 1, step: 'test', state: '5 failed', revision: 'b', at: 20 }),
      fault({ builder: 2, step: 'test', state: '1 failed', revision: 'c', at: 30 }), fault({ builder: 2, step: 'compile', state: '1 failed', revision: 'd', at: 40 }),
    ], NONE);
    expect(found.map(({ builds, builders, last }) => [builds, builders.length, last])).toEqual([[1, 1, 40], [3, 2, 30]]);
    // What is shown is what the newest says.
    expect(found[1]?.symptoms[0]?.state).toBe('1 failed');
    expect(found[1]?.revision).toBeUndefined();
  });
  it('puts together what began at one revision on several builders, whatever the step', () => {
    const found = causes([
      fault({ builder: 1, step: 'compile', state: 'no header', revision: 'bad' }), fault({ builder: 1, step: 'compile', state: 'no header', revision: 'later' }),
      fault({ builder: 2, step: 'test', state: 'crashed', revision: 'bad' }), fault({ builder: 3, step: 'lint', state: 'style', revision: 'other' }),
    ], NONE);
    expect(found.map((cause) => [cause.revision, cause.symptoms.length, cause.builders.length])).toContainEqual(['bad', 2, 2]);
    expect(found).toHaveLength(2);
  });
  it('takes one builder that fails in two ways for two causes', () => {
    expect(causes([fault({ builder: 1, step: 'a', revision: 'x' }), fault({ builder: 1, step: 'b', revision: 'x' })], NONE)).toHaveLength(2);
  });
  it('does not put together what has no revision, and knows builds without a failing step', () => {
    const found = causes([fault({ builder: 1, state: 'worker lost' }), fault({ builder: 2, state: 'worker lost' }), fault({ builder: 3, step: 'x' })], NONE);
    expect(found.map((cause) => [cause.symptoms[0]?.step, cause.builds, cause.revision])).toEqual([['x', 1, undefined], ['', 2, undefined]]);
  });
  it('names the worker where all of it happened, if good builds ran elsewhere', () => {
    const both = [fault({ builder: 1, step: 'x', worker: 7 }), fault({ builder: 2, step: 'x', worker: 7 })];
    expect(causes(both, new Set([7, 8]))[0]?.workerid).toBe(7);
    expect(causes(both, new Set([7]))[0]?.workerid).toBeUndefined();
    expect(causes([...both, fault({ builder: 2, step: 'x', worker: 8 })], new Set([8]))[0]?.workerid).toBeUndefined();
  });
});

describe('the line that tells what went wrong', () => {
  it('is the first clear error, without colours and headers', () => {
    const log = ['hmake error', 'ocompiled with 0 errors', 'oan expected warning', 'e\u001b[31msrc/a.c:3:5: error:\u001b[0m no such thing', 'e2 errors generated.'].join('\n');
    expect(errorLine(log, true)).toBe('src/a.c:3:5: error: no such thing');
  });
  it('is else the first that speaks of one, else the last of the error stream', () => {
    expect(errorLine('ofine\notest 3: timed out\nofine', true)).toBe('test 3: timed out');
    expect(errorLine('ofine\nesomething odd\nomore', true)).toBe('something odd');
    expect(errorLine('fine\nmore', false)).toBeUndefined();
    expect(errorLine('', true)).toBeUndefined();
  });
  it('is cut where it has no end', () => {
    expect(errorLine(`error: ${'x'.repeat(5000)}`, false)?.length).toBe(300);
  });
});
