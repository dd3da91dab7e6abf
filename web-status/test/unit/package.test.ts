// @vitest-environment node
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, it } from 'vitest';

import { Mock } from '../mock/server.ts';

// The client as others get it: packed, unpacked into their `node_modules`, and used by Node and their compiler.
const ROOT = join(import.meta.dirname, '../..');
let folder: string;
let mock: Mock;
let base: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'weir-client-'));
  const run = (program: string, ...values: string[]): string => execFileSync(program, values, { cwd: ROOT, encoding: 'utf8', stdio: 'pipe' });
  run('npm', 'run', 'client');
  run('npm', 'pack', './client', '--pack-destination', folder);
  const package_ = JSON.parse(readFileSync(join(ROOT, 'client/package.json'), 'utf8')) as { name: string; version: string };
  const installed = join(folder, 'node_modules', package_.name);
  mkdirSync(installed, { recursive: true });
  run('tar', '-xzf', join(folder, `${package_.name}-${package_.version}.tgz`), '-C', installed, '--strip-components', '1');
  mock = new Mock({ builders: 3, token: 'secret' });
  base = await mock.listen();
}, 180_000);
afterAll(async () => {
  await mock.close();
  rmSync(folder, { recursive: true, force: true });
});

/** What others write; it is checked by their compiler, and says as JSON what it found. */
const USER = `
import { Client, ControlError, collection, type Build } from 'weir-client';

const client = new Client({ base: process.env['BASE'] ?? '', token: () => process.env['TOKEN'] });
const { data, cursor } = await client.list('builders', 'builders', { order: 'name', limit: 2 });
const names: string[] = data.map((builder) => builder.name);
const running = collection(client, 'builds', { query: { complete: false }, belongs: (build: Build) => !build.complete });
const until = (fits: () => boolean): Promise<void> => new Promise((resolve) => {
  const stop = running.subscribe(() => { if (fits()) { queueMicrotask(() => stop()); resolve(); } });
});
await until(() => running.state === 'live');
process.stdout.write('live\\n');
await until(() => running.rows.length === 1);
const number: number | undefined = running.rows[0]?.number;
const refused = await client.force('force', 1, { reason: '', branch: 'main' }).catch((error: unknown) => error);
running.close();
process.stdout.write(JSON.stringify({ names, cursor: typeof cursor, number, fields: refused instanceof ControlError ? refused.fields : refused }) + '\\n');
`;

it('works where it is installed', async () => {
  writeFileSync(join(folder, 'user.mts'), USER);
  // Node's types are not in the package: whoever uses it has them.
  symlinkSync(join(ROOT, 'node_modules/@types'), join(folder, 'node_modules/@types'));
  const settings = ['--module', 'nodenext', '--target', 'es2022', '--strict', '--types', 'node', '--lib', 'es2024,dom,dom.iterable'];
  execFileSync('node', [join(ROOT, 'node_modules/typescript/bin/tsc'), ...settings, 'user.mts'], { cwd: folder, encoding: 'utf8', stdio: 'pipe' });
  const user = spawn('node', ['user.mjs'], { cwd: folder, env: { ...process.env, BASE: base, TOKEN: 'secret' } });
  let said = '';
  let wrong = '';
  user.stderr.on('data', (piece) => (wrong += String(piece)));
  user.stdout.on('data', (piece) => {
    said += String(piece);
    if (said === 'live\n') mock.world.start(mock.world.request(2, 'x'), 1);
  });
  const code = await new Promise((resolve) => user.on('close', resolve));
  expect(wrong).toBe('');
  expect(code).toBe(0);
  const build = mock.world.builds.at(-1);
  expect(JSON.parse(said.split('\n')[1] ?? '')).toEqual({
    names: ['linux-clang', 'linux-gcc'], cursor: 'number', number: build?.number, fields: { reason: 'A reason is required.' },
  });
}, 180_000);

it('holds its licence, what it is, and nothing else than what is built', () => {
  const at = (path: string): string => readFileSync(join(folder, 'node_modules/weir-client', path), 'utf8');
  expect(at('LICENSE')).toBe(readFileSync(join(ROOT, 'LICENSE'), 'utf8'));
  expect(at('README.md')).toContain('collection(client');
  expect(() => at('client.ts')).toThrow();
});
