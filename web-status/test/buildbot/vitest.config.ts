import { defineConfig } from 'vitest/config';

// Over a Buildbot master: it takes seconds to start, and builds take their time.
export default defineConfig({
  test: {
    include: ['test/buildbot/**/*.test.ts'],
    testTimeout: 240_000,
    hookTimeout: 240_000,
    fileParallelism: false,
    // What a browser does in time on a machine that is busy cannot be promised; what is broken is so twice.
    retry: process.env['CI'] ? 1 : 0,
  },
});
