import { defineConfig } from 'vitest/config';

// Over a running master: builds take their time.
export default defineConfig({
  test: {
    include: ['test/product/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 60_000,
    fileParallelism: false,
    // What a browser does in time on a machine that is busy cannot be promised; what is broken is so twice.
    retry: process.env['CI'] ? 1 : 0,
  },
});
