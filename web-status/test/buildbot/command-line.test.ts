import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

/** A server that keeps what is posted. */
class Receiver {
  readonly bodies: string[] = [];
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    server.on('request', (request, response) => {
      let body = '';
      request.on('data', (piece: Buffer) => (body += piece.toString()));
      request.on('end', () => {
        this.bodies.push(body);
        response.end();
      });
    });
  }

  static async start(): Promise<Receiver> {
    const receiver = new Receiver(createServer());
    receiver.#server.listen(0, '127.0.0.1');
    await once(receiver.#server, 'listening');
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  close(): void {
    this.#server.close();
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

it('tells a listener of each build of a Buildbot master once', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'web-status-listener-'));
  const config = join(folder, 'listeners.star');
  const receiver = await Receiver.start();
  writeFileSync(config, `
log_file("log", "events.jsonl", events = ["builds/*/finished"])
http_push("push", "${receiver.url}", reports = [build_report(excerpt_lines = 5), buildset_report()])
program("slow", ["sh", "-c", "sleep 0.3; echo $WEIR_DELIVERY >> slow"], workdir = "${folder}", events = ["builds/*/finished"])
`);
  const lines = (name: string): string[] => {
    try {
      return readFileSync(join(folder, name), 'utf8').trim().split('\n');
    } catch {
      return [];
    }
  };
  const listen = (): Going => new Going('listen', '--config', config, '--data', join(folder, 'places'));
  let listener = listen();
  try {
    for (const [round, builds] of [3, 2].entries()) {
      // Nobody would tell them what was before.
      await expect.poll(() => listener.text.split('is told of events').length - 1, { timeout: BUILT }).toBe(3);
      const forced = Array.from({ length: builds }, () => new Going('force', 'style', '--wait'));
      for (const force of forced) expect(await force.ended, force.text).toBe(0);
      const told = round === 0 ? 3 : 5;
      await expect.poll(() => [lines('events.jsonl').length, lines('slow').length], { timeout: BUILT }).toEqual([told, told]);
      await expect.poll(() => receiver.bodies.length, { timeout: BUILT }).toBe(2 * told);
      listener.end();
      listener = listen();
    }
    const events = lines('events.jsonl').map((line) => JSON.parse(line) as { delivery: string; resource: { buildid: number } });
    expect(new Set(events.map((it) => it.resource.buildid)).size).toBe(5);
    expect(new Set(events.map((it) => it.delivery)).size).toBe(5);
    expect(new Set(lines('slow')).size).toBe(5);
    expect(receiver.bodies.filter((it) => it.includes('"subject":"style #2 passed"'))).toHaveLength(1);
  } finally {
    listener.end();
    receiver.close();
    rmSync(folder, { recursive: true });
  }
});
