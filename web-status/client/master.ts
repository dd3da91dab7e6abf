import { ApiError } from './errors.ts';

/** The programs whose API this client speaks. */
export type Master = 'weir' | 'buildbot';

/**
 * Which program a master is, by the names of its lists: Weir has a list of all steps, Buildbot has not. `read` gives the
 * object at an address below the site. Without any such names it is taken for Weir.
 */
export async function masterOf(read: (path: string) => Promise<Record<string, unknown>>): Promise<Master> {
  const body = await read('api/v2').catch((error: unknown) => {
    if (error instanceof ApiError && error.status === 404) return {};
    throw error;
  });
  const links = (body as Record<string, unknown>)['rootlinks'];
  if (!Array.isArray(links)) return 'weir';
  const names = new Set((links as { name?: unknown }[]).map((link) => link.name));
  return names.has('builders') && !names.has('steps') ? 'buildbot' : 'weir';
}

/** The same at the address of a site, within some milliseconds. */
export async function findMaster(base: string, ask: typeof fetch, patience: number): Promise<Master> {
  return masterOf(async (path) => {
    const address = new URL(path, base.endsWith('/') ? base : `${base}/`);
    const response = await ask(address, { headers: { Accept: 'application/json' }, signal: AbortSignal.timeout(patience) });
    if (!response.ok) throw new ApiError(response.status, 'error', `The server answered with HTTP ${response.status}.`);
    return (await response.json()) as Record<string, unknown>;
  });
}
