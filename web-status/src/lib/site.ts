import { ApiError, UnreachableError } from '../../client/index.ts';
import { authorization } from '../../client/authorization.ts';

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
  // Without a window the browser does not ask by itself where they are wrong.
  const init: RequestInit = { headers: { Authorization: `Basic ${btoa(pair)}` }, redirect: 'manual', window: null, cache: 'no-store' };
  const response = await ask(`${base}auth/login`, { ...init, signal: AbortSignal.timeout(PATIENCE) }).catch((cause: unknown) => {
    throw new UnreachableError('cannot be reached', cause);
  });
  // It leads on to a page of its own: the session has begun.
  if (response.type === 'opaqueredirect' || response.ok) return;
  throw new ApiError(response.status, 'unauthenticated', response.status === 401 ? 'The name or the password is wrong.' : `The server answered with HTTP ${response.status}.`);
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
