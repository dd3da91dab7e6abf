import { ApiError, UnreachableError } from '../../client/index.ts';
import { authorization } from '../../client/authorization.ts';
import { words } from '../words/words.svelte.ts';

/** Who the server takes the reader for. */
export interface Identity {
  anonymous: boolean;
  username?: string;
  full_name?: string;
  email?: string | null;
  groups?: string[];
  roles?: string[];
}

/** What the server says of itself in `config`. */
export interface Site {
  /** How people sign in, by Buildbot's names: `UserPasswordAuth` is with name and password. */
  auth: string;
  who: Identity;
  /** Names of programs and their versions. */
  versions: [name: string, version: string][];
}

const PATIENCE = 15_000;

/** Reads what the site at `base` says of itself to this reader; 401 where it takes the token, or the session, for nobody's. */
export async function readSite(base: string, token: string | undefined, ask: typeof fetch = fetch): Promise<Site> {
  const said = await answer(`${base}config`, { headers: authorization(token), cache: 'no-store' }, ask);
  const { auth, user, versions } = said as { auth?: { name?: unknown }; user?: unknown; versions?: unknown };
  const pairs = Array.isArray(versions) ? (versions as unknown[]).filter((one): one is [unknown, unknown] => Array.isArray(one) && one.length >= 2) : [];
  return {
    auth: typeof auth?.name === 'string' ? auth.name : '',
    who: identity(user),
    versions: pairs.map(([name, version]) => [String(name), String(version)]),
  };
}

/** Whether a site is the one that the page itself is of: to another one the browser brings no session. */
export function isOwnSite(base: string): boolean {
  return new URL(base, document.baseURI).origin === location.origin;
}

/** Begins a session with name and password; its cookie is the browser's, no script sees it. */
export async function signIn(base: string, username: string, password: string, ask: typeof fetch = fetch): Promise<void> {
  const headers = { 'Content-Type': 'application/json' };
  await answer(`${base}auth/login`, { method: 'POST', headers, body: JSON.stringify({ username, password }) }, ask);
}

/** The same with Buildbot, which asks for name and password as web servers do of old. */
export async function signInAsAsked(base: string, username: string, password: string, ask: typeof fetch = fetch): Promise<void> {
  const pair = String.fromCharCode(...new TextEncoder().encode(`${username}:${password}`));
  const headers = { Authorization: `Basic ${btoa(pair)}` };
  // Where they are wrong, the browser would ask for them by itself, and tell nobody: unless cookies are left out. So the first
  // time it is found out whether they are right; the second time the session's cookie is kept.
  for (const credentials of ['omit', 'same-origin'] as const) {
    const init: RequestInit = { headers, credentials, redirect: 'manual', cache: 'no-store', signal: AbortSignal.timeout(PATIENCE) };
    const response = await ask(`${base}auth/login`, init).catch((cause: unknown) => {
      throw new UnreachableError('cannot be reached', cause);
    });
    // It leads on to a page of its own where it takes them.
    if (response.type === 'opaqueredirect' || response.ok) continue;
    throw new ApiError(response.status, 'unauthenticated', response.status === 401 ? words.frame.signIn.wrong : `The server answered with HTTP ${response.status}.`);
  }
}

/** Ends the session. */
export async function signOut(base: string, ask: typeof fetch = fetch): Promise<void> {
  // It leads on to the page, which is here already.
  await ask(`${base}auth/logout`, { redirect: 'manual', signal: AbortSignal.timeout(PATIENCE) }).catch(() => undefined);
}

async function answer(url: string, init: RequestInit, ask: typeof fetch): Promise<Record<string, unknown>> {
  const signal = AbortSignal.timeout(PATIENCE);
  const response = await ask(url, { ...init, headers: { Accept: 'application/json', ...init.headers }, signal }).catch((cause: unknown) => {
    throw new UnreachableError('cannot be reached', cause);
  });
  const body = object(await response.text());
  if (response.ok) return body;
  throw new ApiError(response.status, String(body['code'] ?? 'error'), String(body['error'] ?? `The server answered with HTTP ${response.status}.`));
}

function object(json: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function identity(value: unknown): Identity {
  const who = typeof value === 'object' && value !== null ? (value as Partial<Identity>) : {};
  const name = who.username ?? who.full_name ?? who.email;
  return typeof name !== 'string' || who.anonymous === true ? { anonymous: true } : { ...who, anonymous: false };
}
