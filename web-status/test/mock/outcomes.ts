import type { Build, BuildData, BuildRequest, Step, TestResultSet } from '../../client/index.ts';
import type { World } from './world.ts';

/** A step tells what tests came to: whether each, by its name, passed. */
export function tellTests(world: World, build: Build, step: Step, tests: Record<string, boolean>): TestResultSet {
  const outcomes = Object.entries(tests);
  const set: TestResultSet = {
    test_result_setid: world.resultSets.length + 1, builderid: build.builderid, buildid: build.buildid, stepid: step.stepid, description: null,
    category: 'pass_fail', value_unit: 'boolean', tests_passed: outcomes.filter(([, passed]) => passed).length,
    tests_failed: outcomes.filter(([, passed]) => !passed).length, complete: true,
  };
  world.resultSets.push(set);
  for (const [name, passed] of outcomes) {
    world.results.push({
      test_resultid: world.results.length + 1, builderid: build.builderid, test_result_setid: set.test_result_setid, test_name: name,
      test_code_path: 'tests/test_pump.c', line: name.length, duration_ns: name.length * 10_000_000, value: passed ? '1' : '0',
    });
  }
  world.emit(set, ['test_result_sets', set.test_result_setid, 'completed']);
  return set;
}

/** A build keeps a piece of data. */
export function keepData(world: World, build: Build, name: string, length: number): void {
  const data: BuildData = { buildid: build.buildid, name, length, source: 'report', value: null };
  world.data.push(data);
  world.emit(data, ['builds', build.buildid, 'data', name, 'update']);
}

/** A build has another builder build, as a trigger step does: the request is told of before its buildset. */
export function trigger(world: World, parent: Build, builderid: number): BuildRequest {
  const request = world.request(builderid, 'The scheduler `release` triggered this build');
  Object.assign(request, { waited_for: true });
  const set = world.buildsets[request.buildsetid - 1];
  if (!set) throw new Error('There is no buildset.');
  Object.assign(set, { parent_buildid: parent.buildid, parent_relationship: 'Triggered from' });
  world.emit(set, ['buildsets', set.bsid, 'new']);
  return request;
}
