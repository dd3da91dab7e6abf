import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';

const DIST = join(import.meta.dirname, '../../dist');
const TYPES: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.json': 'application/json' };

/** A plain server of the page's files on an origin of its own. */
export interface Elsewhere {
  origin: string;
  /** The master that the page is told to ask. */
  api: string;
  close(): Promise<void>;
}

/** Serves the built page as any web server would. */
export async function serveElsewhere(): Promise<Elsewhere> {
  const server = createServer((request, response) => {
    const path = normalize(new URL(request.url ?? '/', 'http://x').pathname);
    if (path === '/config.json') return void response.end(JSON.stringify({ api: site.api }));
    const file = path === '/' ? '/index.html' : path;
    readFile(join(DIST, file)).then(
      (body) => response.setHeader('Content-Type', TYPES[extname(file)] ?? 'application/octet-stream').end(body),
      () => response.writeHead(404).end(),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const site: Elsewhere = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    api: '',
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return site;
}
