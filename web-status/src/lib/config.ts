import { findMaster, UnreachableError, type MasterProgram } from '../../client/index.ts';
import { errorText } from './format.ts';

/** What a deployment says in `config.json` beside the page. */
export interface SiteConfig {
  /** Address of the site that serves `api/v2` and `sse`. */
  api: string;
  /** The page's name. */
  title: string;
  /** Which program the master is, where the file names it or it could be found out. */
  master?: MasterProgram;
  /** Addresses of modules of this site, each with a view from outside. */
  views: string[];
  /** Address of a style sheet of this site, with another look. */
  theme: string | undefined;
  /** What holds where the reader has chosen nothing. */
  settings: Record<string, unknown>;
}

const MASTERS: readonly MasterProgram[] = ['weir', 'buildbot'];

/** Milliseconds that the page's name, and what the master is, is waited for. */
const PATIENCE = 1500;

/**
 * Reads `config.json`, whose addresses are relative to the page. A missing file, or a missing entry, means the default:
 * the API is the page's own site, and that is asked for its title and for which program its master is.
 */
export async function readConfig(page: string, ask: typeof fetch = fetch): Promise<SiteConfig> {
  const address = new URL('config.json', page);
  const response = await ask(address, { cache: 'no-cache' }).catch((error: unknown) => {
    throw new UnreachableError(`did not give config.json: ${errorText(error)}`, error);
  });
  if (!response.ok && response.status !== 404) throw new Error(`config.json cannot be read: HTTP ${response.status}.`);
  const given = response.ok ? object(await response.text()) : {};
  if (!given) throw new Error('config.json must hold a JSON object such as {"api": "."}.');
  const api = new URL(text(given['api']) ?? '.', page).href;
  const views = list(given['views']).map((one) => ownAddress(one, page));
  const theme = text(given['theme']);
  const named = MASTERS.find((one) => one === given['master']);
  const finding = named ? Promise.resolve(named) : findMaster(api, ask, PATIENCE).catch(() => undefined);
  // Buildbot tells its name to its own pages only, and the browser complains where another one asks.
  const tells = new URL(api).origin === new URL(page).origin || (await finding) !== 'buildbot';
  const [title, master] = await Promise.all([text(given['title']) ?? (tells ? titleOf(api, ask) : undefined), finding]);
  return {
    api,
    title: title ?? (master === 'buildbot' ? 'Buildbot' : 'Weir'),
    ...(master ? { master } : {}),
    views,
    theme: theme === undefined ? undefined : ownAddress(theme, page),
    settings: isObject(given['settings']) ? given['settings'] : {},
  };
}

/** What is run, or changes what one sees, comes from the page's own site, as its security policy wants it. */
function ownAddress(address: string, page: string): string {
  const whole = new URL(address, page);
  if (whole.origin === new URL(page).origin) return whole.href;
  throw new Error(`config.json names ${whole.href}, but views and themes have to be on the page's own site.`);
}

function list(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}

/** The name that the API's site gives itself; a page does without it. */
async function titleOf(api: string, ask: typeof fetch): Promise<string | undefined> {
  try {
    const address = new URL('config', api.endsWith('/') ? api : `${api}/`);
    const response = await ask(address, { headers: { Accept: 'application/json' }, signal: AbortSignal.timeout(PATIENCE) });
    return response.ok ? text(object(await response.text())?.['title']) : undefined;
  } catch {
    return undefined;
  }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function object(json: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
