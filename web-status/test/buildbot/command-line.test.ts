import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { Buildbot } from './buildbot.ts';

/** Milliseconds that builds may take, on a machine that is busy. */
const BUILT = 90_000;

const program = process.env['WEIR_PROGRAM'] ?? '';
let buildbot: Buildbot;

beforeAll(async () => {
  if (!program) throw new Error('WEIR_PROGRAM must be the program `weir`.');
  buildbot = await Buildbot.start('http://127.0.0.1:9');
});
afterAll(async () => {
  await buildbot.close();
});

function environment(): NodeJS.ProcessEnv {
  return { ...process.env, WEIR_UPSTREAM: buildbot.url, NO_COLOR: '1' };
}

/** What a command prints. */
async function weir(...words: string[]): Promise<string> {
  return (await promisify(execFile)(program, words, { env: environment() })).stdout;
}

/** A command that goes on. */
class Going {
  text = '';
  readonly #child: ChildProcess;
  readonly ended: Promise<number | null>;

  constructor(...words: string[]) {
    this.#child = spawn(program, words, { env: environment(), stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#child.stdout, this.#child.stderr]) stream?.on('data', (piece: Buffer) => (this.text += piece.toString()));
    this.ended = new Promise((resolve) => this.#child.once('exit', resolve));
  }

  says(part: string): Promise<void> {
    return expect.poll(() => this.text, { timeout: BUILT }).toContain(part);
  }

  end(): void {
    this.#child.kill('SIGKILL');
  }
}

it('shows, forces and follows builds of a Buildbot master', async () => {
  const watch = new Going('watch', 'builds/*/new', 'builds/*/finished', 'workers/*/*');
  try {
    expect(await weir('status')).toContain('gauge');
    expect(await weir('workers')).toContain('downstream');
    buildbot.hold(true);
    const force = new Going('force', 'gauge', '--wait', '--set', 'depth=7 m');
    await force.says('level 1 of 2');
    expect(await weir('status')).toContain('1 running');
    buildbot.hold(false);
    expect(await force.ended, force.text).toBe(0);
    expect(force.text).toContain('level 2 of 2');
    expect(await weir('builds', '--builder', 'gauge')).toContain('success');
    expect(await weir('logs', 'gauge/1', '--step', 'measure')).toContain('level 2 of 2');
    await watch.says('success gauge/1');

    // There is nobody who would tell again what happened while a watch was away: so it says that.
    await buildbot.down();
    await watch.says('trying again');
    await buildbot.up();
    await watch.says('events may have been missed');
    const style = new Going('force', 'style', '--wait');
    expect(await style.ended, style.text).toBe(0);
    await watch.says('success style/1');
  } finally {
    buildbot.hold(false);
    watch.end();
  }
});
