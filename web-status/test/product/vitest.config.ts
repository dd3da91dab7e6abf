import { defineConfig } from 'vitest/config';

// Over a running master: builds take their time.
export default defineConfig({
  test: {
    include: ['test/product/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 60_000,
    fileParallelism: false,
  },
});
