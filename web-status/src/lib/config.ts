import { UnreachableError } from '../../client/index.ts';
import { errorText } from './format.ts';

/** What a deployment says in `config.json` beside the page. */
export interface SiteConfig {
  /** Address of the site that serves `api/v2` and `sse`; relative ones are relative to the page. */
  api: string;
  /** The page's name. */
  title: string;
}

/** Reads `config.json`; a missing file, or a missing entry, means the defaults: the page's own site, named Weir. */
export async function readConfig(page: string, ask: typeof fetch = fetch): Promise<SiteConfig> {
  const address = new URL('config.json', page);
  const response = await ask(address, { cache: 'no-cache' }).catch((error: unknown) => {
    throw new UnreachableError(`did not give config.json: ${errorText(error)}`, error);
  });
  const given = response.ok ? parse(await response.text()) : {};
  if (!response.ok && response.status !== 404) throw new Error(`config.json cannot be read: HTTP ${response.status}.`);
  const text = (key: string, fallback: string): string => {
    const value = given[key];
    return typeof value === 'string' && value !== '' ? value : fallback;
  };
  return { api: new URL(text('api', '.'), page).href, title: text('title', 'Weir') };
}

function parse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Told below, as any other value that is no object.
  }
  throw new Error('config.json must hold a JSON object such as {"api": "."}.');
}
