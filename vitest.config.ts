/**
 * One suite over all packages. Each file runs in a process of its own: Dawn wants its driver chosen before anything else happens. With
 * VOXELGRAD_TEST_REPORT the results also go to that file as JSON.
 */
import { defineConfig } from 'vitest/config';

const report = process.env.VOXELGRAD_TEST_REPORT;

export default defineConfig({
  test: {
    include: ['packages/*/src/**/*.test.ts', 'tools/**/*.test.ts', 'bench/**/*.test.ts', 'examples/**/*.test.ts'],
    pool: 'forks',
    // Tests of memory ask for a collection before they measure.
    execArgv: ['--expose-gc'],
    // More processes than cores only make each other late: the cpu device has threads of its own.
    maxWorkers: 2,
    globalSetup: ['tools/test-setup.ts'],
    setupFiles: ['tools/test-equality.ts'],
    reporters: report === undefined ? ['default'] : ['default', ['json', { outputFile: report }]],
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
