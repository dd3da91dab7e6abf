import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import type { Plugin } from 'vite';

/** A package of which something is in the built files, as the page's *About* tells it. */
export interface Licence {
  name: string;
  version: string;
  licence: string;
  /** The whole text; empty where the package has none. */
  text: string;
}

/** Writes `licences.json` beside the built files: whose code is in them, and under which terms. Nothing is asked of anybody. */
export function licences(): Plugin {
  const root = join(import.meta.dirname, '..');
  const ofFolders = (folders: Iterable<string>): Licence[] =>
    [...new Set(folders)].map(read).sort((one, other) => one.name.localeCompare(other.name));
  return {
    name: 'licences',
    generateBundle(_options, bundle) {
      const modules = Object.values(bundle).flatMap((file) => (file.type === 'chunk' ? file.moduleIds : []));
      const found = ofFolders(modules.flatMap((id) => folderOf(id) ?? []));
      this.emitFile({ type: 'asset', fileName: 'licences.json', source: JSON.stringify([read(root), ...found]) });
    },
    configureServer(server) {
      // Nothing is bundled yet: the page's own terms, and those of what it is made with.
      server.middlewares.use((request, response, next) => {
        if (new URL(request.url ?? '/', 'http://page').pathname !== '/licences.json') return next();
        response.setHeader('Content-Type', 'application/json');
        response.end(JSON.stringify([read(root), ...ofFolders([join(root, 'node_modules/svelte')])]));
      });
    },
  };
}

/** The folder of the package that a module is of; undefined for the page's own. */
export function folderOf(id: string): string | undefined {
  return /^\0?(.*\/node_modules\/(?:@[^/]+\/)?[^/?]+)/.exec(id)?.[1];
}

function read(folder: string): Licence {
  const { name = dirname(folder), version = '', license = '' } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Partial<Record<'name' | 'version' | 'license', string>>;
  const file = existsSync(folder) ? readdirSync(folder).find((one) => /^(licen[cs]e|copying)(\.|$)/i.test(one)) : undefined;
  return { name, version, licence: license, text: file === undefined ? '' : readFileSync(join(folder, file), 'utf8') };
}
