import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

import { licences } from './scripts/licences.ts';
import { mockPlugin } from './test/mock/plugin.ts';

// The master that `npm run dev` talks to.
const master = process.env['WEIR_URL'] ?? 'http://127.0.0.1:8010';

export default defineConfig(({ mode }) => ({
  // Relative addresses: the built files work below any path prefix.
  base: './',
  plugins: [svelte(), licences(), ...(mode === 'mock' ? [mockPlugin()] : [])],
  build: {
    target: 'es2022',
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    // What many views have in common is in one file, and not in twenty that a first view would wait for.
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'shared', test: /\/(?:src\/(?:lib|parts)|client)\/(?!buildbot)/, minShareCount: 3 }] } } },
  },
  server: { host: '127.0.0.1', ...(mode === 'mock' ? {} : { proxy: { '/api': master, '/sse': master } }) },
  // Svelte's browser build also in tests, so that components mount.
  resolve: process.env['VITEST'] ? { conditions: ['browser'] } : {},
  test: { include: ['test/unit/**/*.test.ts'], environment: 'happy-dom' },
}));
