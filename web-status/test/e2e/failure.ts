import type { Build } from '../../client/index.ts';
import type { World } from '../mock/world.ts';

const TESTS = [
  'valve_opens', 'valve_closes', 'valve_names', 'pump_starts', 'pump_stops', 'pump_dry', 'gauge_zero', 'gauge_millimetres', 'gauge_mean', 'gauge_ice', 'sluice_order',
  'sluice_waits', 'gate_opens', 'gate_closes_in_time', 'gate_by_hand', 'flow_sum', 'flow_sign', 'flow_none', 'alarm_high', 'alarm_low', 'alarm_twice', 'night_mode',
] as const;
const FAILS = 'gate_closes_in_time';
/** The line of the log of its tests that tells why, from 1. */
export const TOLD = TESTS.indexOf(FAILS) + 6;

/** A build of the last change whose tests fail, with logs as such have them. */
export function failure(world: World, builderid: number, ended: number): Build {
  const [change] = world.changes.slice(-1);
  const from = ended - 340;
  const build = world.start(world.request(builderid, 'A change on branch main', change ? [change] : [], from - 20), 1, {}, from);
  const step = (name: string, at: number, took: number, bad: boolean, lines: string[]): void => {
    const one = world.step(build, name, at);
    world.append(world.log(one, 'stdio'), ...lines);
    world.finishStep(one, bad ? 2 : 0, bad ? "'ctest' failed" : `'${name}'`, at + took);
  };
  step('git', from, 9, false, ['hgit fetch origin main', 'oFrom https://git.example.org/pump', 'o * branch            main       -> FETCH_HEAD']);
  step('configure', from + 9, 31, false, ['hcmake -B build -G Ninja', 'o-- The C compiler identification is GNU 14.2.0', 'o-- Build files have been written to: /home/ci/pump/build']);
  step('compile', from + 40, 182, false, ['hninja -C build', 'o[1/96] cc src/gate.c', 'esrc/gate.c:41:9: warning: unused variable `before` [-Wunused-variable]', 'o[96/96] link pump']);
  step('test', from + 222, 118, true, testing());
  world.finish(build, 2, ended);
  return build;
}

function testing(): string[] {
  const lines = ['hctest --test-dir build --output-on-failure', 'h in dir /home/ci/pump (timeout 1200 secs)', 'oTest project /home/ci/pump/build'];
  for (const [at, name] of TESTS.entries()) {
    const place = `${String(at + 1).padStart(5)}/${TESTS.length} Test #${at + 1}: ${name} `.padEnd(52, '.');
    if (name !== FAILS) lines.push(`o${place}   \x1b[32mPassed\x1b[0m    0.${String((at * 37) % 90 + 10)} sec`);
    else lines.push(
      `o${place}***\x1b[31mFailed\x1b[0m    4.31 sec`, `o[ RUN      ] ${name}`, 'etest/test_gate.c:118: error: expected 0, got 4', 'e      gate_position(gate) after 4.0 s, in millimetres', `o[  \x1b[31mFAILED\x1b[0m  ] ${name} (4310 ms)`,
    );
  }
  return [...lines, 'o', 'o95% tests passed, 1 tests failed out of 22', 'o', 'oThe following tests FAILED:', `o\t 14 - ${FAILS} (Failed)`, 'eErrors while running CTest'];
}
