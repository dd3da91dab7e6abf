import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Milliseconds that a program may take to begin, on a machine that is busy. */
const READY = 60_000;
export const PASSWORD = 'the river is high';
export const TOKEN = 'weir-flows-0123456789abcdef';

/** The program whose masters these tests start: `cargo xtask test` builds it. */
export function program(): string {
  const given = process.env['WEIR_PROGRAM'];
  if (!given) throw new Error('WEIR_PROGRAM must hold the path of the program weir, with the web status in it.');
  return given;
}

/** A program that runs, and what it has said. */
export class Running {
  said = '';
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;

  constructor(values: string[], folder: string, environment = process.env) {
    this.#child = spawn(program(), values, { cwd: folder, env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#child.stdout, this.#child.stderr]) stream?.on('data', (piece) => (this.said += String(piece)));
    this.#ended = new Promise((resolve) => this.#child.on('exit', () => resolve()));
  }

  /** Waits until it says something; gives what the pattern's group found. */
  async says(pattern: RegExp): Promise<string> {
    const end = Date.now() + READY;
    for (;;) {
      const found = pattern.exec(this.said);
      if (found) return found[1] ?? '';
      if (Date.now() > end || this.#child.exitCode !== null) throw new Error(`The program does not say ${pattern}, but: ${this.said}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Waits until it ends by itself; gives its exit code. */
  async end(): Promise<number | null> {
    await this.#ended;
    return this.#child.exitCode;
  }

  /** Ends it as an administrator would; gives its exit code, which is null where that did not do. */
  async stop(): Promise<number | null> {
    if (this.#child.exitCode !== null) return this.#child.exitCode;
    this.#child.kill('SIGTERM');
    const hard = setTimeout(() => this.#child.kill('SIGKILL'), 20_000);
    await this.#ended;
    clearTimeout(hard);
    return this.#child.exitCode;
  }
}

/** A master of a test's own, with one worker, and users who may do something; anonymous callers read only. */
export class Master {
  readonly folder = mkdtempSync(join(tmpdir(), 'web-status-master-'));
  /** The address of its site, which stays when it is started again. */
  url = '';
  readonly #more: string[];
  #master: Running | undefined;
  #worker: Running | undefined;

  /** `more` are arguments of the master, `configured` is more of its configuration. */
  constructor(more: string[] = [], configured = '') {
    this.#more = more;
    this.#write('ada.token', TOKEN);
    this.#write('w.token', 'weir-worker-0123456789abcdef');
    const hash = spawnSync(program(), ['hash-password'], { input: `${PASSWORD}\n`, encoding: 'utf8' });
    if (hash.status !== 0) throw new Error(`The program hashes no password: ${hash.stderr}`);
    this.#write('weir.star', configuration(hash.stdout.trim(), join(this.folder, 'go')) + configured);
  }

  async start(): Promise<void> {
    const listen = this.url === '' ? '127.0.0.1:0' : new URL(this.url).host;
    this.#master = new Running(['master', '--config', 'weir.star', '--data', 'data', '--listen', listen, ...this.#more], this.folder);
    this.url = `${(await this.#master.says(/serves (http:\/\/[\d.:]+)/)).replace(/\/$/, '')}/`;
    if (this.#worker) return;
    mkdirSync(join(this.folder, 'w'), { recursive: true });
    this.#worker = new Running(['worker', '--name', 'w', '--master', this.url, '--token-file', 'w.token', '--dir', 'w'], this.folder);
  }

  /** Stops the master alone; its worker waits for it. */
  async stop(): Promise<void> {
    await this.#master?.stop();
  }

  async end(): Promise<void> {
    await Promise.all([this.#worker?.stop(), this.#master?.stop()]);
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Lets the builds of the builder `slow` go on that wait for it. */
  release(): void {
    this.#write('go', '');
  }

  /** Tells it of a change, as a user. */
  async change(revision: string, comments: string): Promise<void> {
    const body = new URLSearchParams({ author: 'Ben Wehr <ben@gauge.example>', revision, comments, branch: 'main', repository: 'gauge', files: '["gauge.c"]' });
    const answer = await fetch(`${this.url}change_hook/base`, { method: 'POST', headers: { Authorization: `Bearer ${TOKEN}` }, body });
    if (!answer.ok) throw new Error(`No change is added: ${await answer.text()}`);
  }

  /** What it answers to a read. */
  async read(path: string): Promise<Record<string, Record<string, unknown>[]>> {
    return (await (await fetch(`${this.url}api/v2/${path}`)).json()) as Record<string, Record<string, unknown>[]>;
  }

  /** Runs the program on the master's data. */
  tell(...values: string[]): string {
    const done = spawnSync(program(), [...values, '--data', 'data'], { cwd: this.folder, encoding: 'utf8' });
    if (done.status !== 0) throw new Error(`weir ${values.join(' ')}: ${done.stderr}`);
    return done.stdout;
  }

  /** Forces a build of a builder, as a user. */
  async force(builderid: number): Promise<void> {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'force', params: { builderid, reason: 'a test' } });
    const headers = { Authorization: `Bearer ${TOKEN}`, 'Content-Type': 'application/json' };
    const answer = await fetch(`${this.url}api/v2/forceschedulers/force`, { method: 'POST', headers, body });
    if (!answer.ok) throw new Error(`No build is forced: ${await answer.text()}`);
  }

  #write(name: string, text: string): void {
    writeFileSync(join(this.folder, name), text, { mode: 0o600 });
  }
}

const configuration = (hash: string, go: string): string => `
master(title = "Flows")
user("ada", token_file = "ada.token", password_hash = "${hash}", full_name = "Ada Lovelace")
w = worker(name = "w", token_file = "w.token", max_builds = 4)
builder("quick", workers = [w], tags = ["fast"], steps = [shell(name = "say", command = "echo it runs")])
builder("slow", workers = [w], steps = [shell(name = "wait", command = "echo begun; until [ -e ${go} ]; do sleep 0.1; done; echo ended")])
force("force", builders = ["quick", "slow"])
`;
