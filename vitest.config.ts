/** One suite over all packages. Each file runs in a process of its own: Dawn wants its driver chosen before anything else happens. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['packages/*/src/**/*.test.ts', 'tools/**/*.test.ts', 'bench/**/*.test.ts', 'examples/**/*.test.ts'],
    pool: 'forks',
    globalSetup: ['tools/test-setup.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
