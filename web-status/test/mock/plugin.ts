import type { Plugin } from 'vite';

import { Mock } from './server.ts';

/** Lets Vite's own server answer as a build master would, with builds of its own from time to time. */
export function mockPlugin(): Plugin {
  return {
    name: 'mock-master',
    configureServer(server) {
      const mock = new Mock({ builders: Number(process.env['BUILDERS'] ?? 14), pace: 350 });
      const timer = setInterval(() => mock.commit(), 20_000);
      server.httpServer?.on('close', () => clearInterval(timer));
      mock.commit();
      server.middlewares.use((request, response, next) => void mock.handle(request, response, next));
    },
  };
}
