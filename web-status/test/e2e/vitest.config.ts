import { defineConfig } from 'vitest/config';

// `--mode screens` takes pictures of all views; else the behaviour is tested.
export default defineConfig(({ mode }) => ({
  test: {
    include: [mode === 'screens' ? 'test/e2e/screens.ts' : 'test/e2e/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 30_000,
    // Most of the time they wait for a browser, each file for one of its own.
    maxWorkers: 2,
    // What a browser does in time on a machine that is busy cannot be promised; what is broken is so twice.
    retry: process.env['CI'] ? 1 : 0,
  },
}));
