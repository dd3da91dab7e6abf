import { defineConfig } from 'vitest/config';

// Buildbot's own pages over a master of Weir's.
export default defineConfig({
  test: {
    include: ['test/buildbot-ui/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    fileParallelism: false,
    // What a browser does in time on a machine that is busy cannot be promised; what is broken is so twice.
    retry: process.env['CI'] ? 1 : 0,
  },
});
