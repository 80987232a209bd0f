import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 420_000,
    hookTimeout: 420_000,
    maxWorkers: 2,
  },
});
