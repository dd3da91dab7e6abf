import { defineConfig } from 'vitest/config';

// Not tests, but run as they are: measurements of pages in a browser, for which `cargo xtask bench web` starts the servers.
export default defineConfig({ test: { include: ['bench/web.ts'], testTimeout: 3_600_000, hookTimeout: 60_000 } });
