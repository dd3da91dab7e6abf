import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const HERE = import.meta.dirname;
/** Milliseconds that a master may take to start, on a machine that is busy. */
const STARTED = 180_000;

/** A real Buildbot master, made of the programs in the folder `$BUILDBOT`. */
export class Buildbot {
  readonly url: string;
  readonly #folder: string;
  readonly #programs: string;
  readonly #environment: NodeJS.ProcessEnv;
  #process: ChildProcess | undefined;
  readonly #workers: ChildProcess[] = [];

  private constructor(programs: string, folder: string, port: number, workers: number | undefined, elsewhere: string, people: Record<string, string>) {
    this.url = `http://127.0.0.1:${port}/`;
    this.#programs = programs;
    this.#folder = folder;
    this.#environment = { ...process.env, PORT: String(port), WORKERS: String(workers ?? ''), STATUS: join(folder, 'status'), ELSEWHERE: elsewhere, HOLD: join(folder, 'hold'), PEOPLE: JSON.stringify(people) };
  }

  /**
   * Makes a master that serves the built page, and starts it. Pages of `elsewhere` may ask it too. Of `people` with their
   * passwords only the first one may give commands; without them everybody may. A worker `far` may `connect`, see
   * {@link worker}.
   */
  static async start(elsewhere: string, people: Record<string, string> = {}, connect = false): Promise<Buildbot> {
    const programs = process.env['BUILDBOT'];
    if (!programs) throw new Error('BUILDBOT must hold the folder of the programs of Buildbot 4.3, such as bin of a Python environment.');
    const folder = mkdtempSync(join(tmpdir(), 'web-status-buildbot-'));
    const one = new Buildbot(programs, folder, await freePort(), connect ? await freePort() : undefined, elsewhere, people);
    cpSync(join(HERE, '../../dist'), join(folder, 'status'), { recursive: true });
    writeFileSync(join(folder, 'status/config.json'), '{ "api": ".." }');
    mkdirSync(join(folder, 'master'));
    execFileSync(join(programs, 'buildbot'), ['create-master', '--log-count=1', 'master'], { cwd: folder, stdio: 'pipe' });
    copyFileSync(join(HERE, 'master.cfg'), join(folder, 'master/master.cfg'));
    await one.up().catch(async (error: unknown) => {
      await one.close();
      throw error;
    });
    return one;
  }

  /** Starts it, and waits until it answers. */
  async up(): Promise<void> {
    // With epoll, the reactor that Twisted takes by itself, it loses a connection's place now and then, and answers nobody any more.
    const child = spawn(join(this.#programs, 'twistd'), ['--reactor=poll', '--nodaemon', '--no_save', '--pidfile=', '-y', 'buildbot.tac'], {
      cwd: join(this.#folder, 'master'), env: this.#environment, stdio: 'ignore',
    });
    this.#process = child;
    const end = Date.now() + STARTED;
    while (child.exitCode === null && Date.now() < end) {
      const answers = await fetch(`${this.url}api/v2/workers`).then(async (response) => (await response.text()).includes('masterid'), () => false);
      if (answers) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`Buildbot did not start:\n${readFileSync(join(this.#folder, 'master/twistd.log'), 'utf8')}`);
  }

  /** Starts the worker `far`, which lives as long as this, whatever becomes of the master. */
  worker(): void {
    const [name, password] = ['far', 'far away'];
    const workers = `127.0.0.1:${this.#environment['WORKERS'] ?? ''}`;
    const made = ['create-worker', '--maxdelay=2', name, workers, name, password];
    execFileSync(join(this.#programs, 'buildbot-worker'), made, { cwd: this.#folder, stdio: 'pipe' });
    const run = ['--reactor=poll', '--nodaemon', '--no_save', '--pidfile=', '-y', 'buildbot.tac'];
    this.#workers.push(spawn(join(this.#programs, 'twistd'), run, { cwd: join(this.#folder, name), stdio: 'ignore' }));
  }

  /** Ends it, as an administrator would. */
  async down(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (!child || child.exitCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const hard = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await ended;
    clearTimeout(hard);
  }

  async close(): Promise<void> {
    await this.down();
    for (const worker of this.#workers) worker.kill('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Tells it of a change, which it builds. */
  async change(revision: string, comments: string): Promise<void> {
    const body = new URLSearchParams({ author: 'Ada Wehr <ada@gauge.example>', revision, comments, branch: 'main', repository: 'gauge', files: '["gauge.c"]' });
    const response = await fetch(`${this.url}change_hook/base`, { method: 'POST', body });
    if (!response.ok) throw new Error(await response.text());
  }

  /** Lets builds of the gauge wait in the middle of their measuring, or go on. */
  hold(held: boolean): void {
    if (held) writeFileSync(join(this.#folder, 'hold'), '');
    else rmSync(join(this.#folder, 'hold'), { force: true });
  }

  /** Forces a build; its number will be the one behind the last. */
  async force(builderid: number): Promise<void> {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'force', params: { builderid, reason: 'by the test' } });
    const headers = { 'Content-Type': 'application/json' };
    const response = await fetch(`${this.url}api/v2/forceschedulers/force`, { method: 'POST', headers, body });
    if (!response.ok) throw new Error(await response.text());
  }

  /** The master's folder. */
  get master(): string {
    return join(this.#folder, 'master');
  }

  /** What its configuration asks the environment for, and the Python that it runs in. */
  get environment(): NodeJS.ProcessEnv {
    return { ...this.#environment, PATH: `${this.#programs}:${process.env['PATH'] ?? ''}` };
  }

  /** What it answers to a read. */
  async read(path: string): Promise<Record<string, Record<string, unknown>[]>> {
    return (await (await fetch(`${this.url}api/v2/${path}`)).json()) as Record<string, Record<string, unknown>[]>;
  }
}

async function freePort(): Promise<number> {
  const server: Server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
