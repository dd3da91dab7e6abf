import type { Build, Builder, ForceField, Log, Step } from '../../client/index.ts';
import { World } from './world.ts';

const NAMES = ['linux-gcc', 'linux-clang', 'macos-arm64', 'windows-msvc', 'freebsd', 'docs', 'fuzz', 'bench', 'sanitizers', 'package'];
const AUTHORS = ['Ada Kern <ada@example.org>', 'Tomás Ruiz <tomas@example.org>', 'Mei Sato <mei@example.org>'];
const SUBJECTS = [
  'Keep the pump from running dry', 'Measure the level twice\n\nOne sensor may lie; two that agree do not.\nThe second reading is taken 50 ms later.',
  'Name the valve states', 'Fix a wrong sign in the flow sum', 'Let tests run without a network',
];
const base = { tablabel: '', tooltip: '', multiple: false, hide: false, maxsize: null, required: false } as const;

/** Fields of a force form of every kind that the page knows. */
export const FIELDS: ForceField[] = [
  {
    ...base, name: '', fullName: null, label: '', type: 'nested', default: '', layout: 'vertical', fields: [
      { ...base, name: 'username', fullName: 'username', label: 'Your name', type: 'username', default: '' },
      { ...base, name: 'reason', fullName: 'reason', label: 'Reason', type: 'text', default: 'force build', required: true, tooltip: 'Shown on the build' },
      { ...base, name: 'priority', fullName: 'priority', label: 'Priority', type: 'int', default: 0 },
    ],
  },
  {
    ...base, name: '', fullName: null, label: 'Source', type: 'nested', default: '', layout: 'vertical', fields: [
      { ...base, name: 'branch', fullName: 'branch', label: 'Branch', type: 'text', default: 'main' },
      { ...base, name: 'revision', fullName: 'revision', label: 'Revision', type: 'text', default: '' },
    ],
  },
  { ...base, name: 'profile', fullName: 'profile', label: 'Profile', type: 'list', default: 'release', choices: ['debug', 'release'], strict: true },
  { ...base, name: 'clean', fullName: 'clean', label: 'Build from scratch', type: 'bool', default: false },
];

/** A world with `count` builders and a few builds of each, in which it is `now` where that is given. */
export function seed(count: number, now?: number): World {
  const world = new World(now);
  const builders: Builder[] = [];
  for (let i = 0; i < count; i++) {
    const round = Math.floor(i / NAMES.length);
    const name = `${NAMES[i % NAMES.length]}${round > 0 ? `-${round + 1}` : ''}`;
    const tags = [['linux', 'tier-1'], ['linux'], ['macos'], ['windows', 'tier-2'], []][i % 5] ?? [];
    builders.push(world.builder(name, tags, i % 4 === 0 ? 'Compiles with all warnings and runs the tests.' : null));
  }
  world.worker('lab-1', builders);
  world.worker('lab-2', builders.filter((_, i) => i % 2 === 0));
  world.worker('mac-mini', builders.filter((_, i) => i % 5 === 2), false);
  world.scheduler('every-commit');
  world.force('force', 'Force build', builders, FIELDS);
  const start = world.now() - 90_000;
  for (let i = 0; i < 12; i++) world.change(AUTHORS[i % 3] ?? '', SUBJECTS[i % 5] ?? '', ['src/pump.c', 'tests/test_pump.c', 'README.md'].slice(0, (i % 3) + 1), start + i * 6000);
  builders.forEach((builder, i) => {
    if (count > 5 && i % 10 === 9) return;
    for (let k = 0; k < 6 + (i % 4); k++) pastBuild(world, builder, start + k * 9000 + i * 37, (i * 7 + k * 3) % 11);
  });
  return world;
}

function pastBuild(world: World, builder: Builder, at: number, luck: number): void {
  const results = luck === 3 ? 2 : luck === 7 ? 1 : luck === 9 ? 4 : 0;
  const request = world.request(builder.builderid, 'A change on branch main', world.changes.slice(luck % 8, (luck % 8) + 2), at - 5);
  const build = world.start(request, 1 + (luck % 2), {}, at);
  for (const [i, name] of ['git', 'configure', 'compile', 'test'].entries()) {
    const step = world.step(build, name, at + i * 20);
    const log = world.log(step, 'stdio');
    world.append(log, ...output(name, name === 'compile' ? 1200 : 20));
    const bad = results !== 0 && name === (results === 1 ? 'compile' : 'test');
    if (bad) world.append(log, 'e\u001b[31;1merror:\u001b[0m test_level: expected 4, got 5', 'hprogram finished with exit code 1');
    if (name === 'test') step.urls = [{ name: 'Report', url: 'https://reports.example.org/1' }];
    world.finishStep(step, bad ? results : 0, bad ? `'make ${name}' failed` : name === 'compile' ? "'make all'" : `'${name}'`, at + (i + 1) * 20);
    if (bad && results !== 1) break;
  }
  world.finish(build, results, at + 80 + luck * 9);
}

/** Made-up output with headers, errors and colours. */
export function output(name: string, lines: number): string[] {
  const text = [`hmake ${name}`, 'h in dir /home/ci/pump/build (timeout 1200 secs)'];
  for (let i = 1; i <= lines; i++) {
    const file = `src/module_${String(i).padStart(3, '0')}.c`;
    if (i % 9 === 0) text.push(`e\u001b[1m${file}:${i}:5:\u001b[0m \u001b[35;1mwarning:\u001b[0m unused variable ‘level’ [\u001b[35m-Wunused-variable\u001b[0m]`);
    else if (i % 7 === 0) text.push(`o[\u001b[32m PASS \u001b[0m] ${file} \u001b[2m(${i * 3} ms)\u001b[0m`);
    else text.push(`o[${String(Math.round((i / lines) * 100)).padStart(3)}%] \u001b[36mCC\u001b[0m ${file} -> build/module_${i}.o  <b>&amp; no markup</b>`);
  }
  return text;
}

/** Builds what is requested, as a master would: lines come every `pace` milliseconds. */
export class Runner {
  readonly #world: World;
  readonly #pace: number;
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  readonly #stopped = new Set<number>();

  constructor(world: World, pace: number) {
    this.#world = world;
    this.#pace = pace;
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }

  stop(buildid: number): void {
    this.#stopped.add(buildid);
  }

  async run(requestid: number, properties: Build['properties'] = {}): Promise<void> {
    const world = this.#world;
    const request = world.requests.find((one) => one.buildrequestid === requestid);
    await this.#pause(3);
    if (!request || request.complete) return;
    const build = world.start(request, 1, properties);
    for (const [i, name] of ['git', 'compile', 'test', 'upload'].entries()) {
      const results = await this.#step(build, name, i === 1 ? 60 : 12);
      if (results !== 0) return world.finish(build, results);
    }
    world.finish(build, 0);
  }

  async #step(build: Build, name: string, lines: number): Promise<Step['results']> {
    const world = this.#world;
    Object.assign(build, { state_string: name });
    world.buildEvent(build, 'update');
    const step = world.step(build, name);
    const log: Log = world.log(step, 'stdio');
    for (const line of output(name, lines)) {
      if (this.#stopped.has(build.buildid)) {
        world.append(log, 'hcommand interrupted, killing it');
        world.finishStep(step, 6, `'make ${name}' cancelled`);
        return 6;
      }
      world.append(log, line);
      await this.#pause(1);
    }
    world.append(log, 'hprogram finished with exit code 0');
    world.finishStep(step, 0, `'make ${name}'`);
    return 0;
  }

  #pause(times: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        resolve();
      }, this.#pace * times);
      this.#timers.add(timer);
    });
  }
}
