import { defineConfig } from 'vitest/config';

// `--mode screens` takes pictures of all views; else the behaviour is tested.
export default defineConfig(({ mode }) => ({
  test: {
    include: [mode === 'screens' ? 'test/e2e/screens.ts' : 'test/e2e/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    fileParallelism: false,
  },
}));
