/**
 * The tests of ops and devices, and those of images in memory, DICOM and the case store, in a browser, the same files as in Node: on cpu and WebGPU in a page that may
 * have threads, those of ops and devices also on the one thread of a page that may not. Where there is no Chromium, that is said and all tests count as skipped.
 */
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { playwright } from '@vitest/browser-playwright';
import { defineConfig, type Plugin, type TestProjectConfiguration } from 'vitest/config';
import { CHROMIUM_FLAGS, chromium } from './tools/chromium.ts';

const root = fileURLToPath(new URL('.', import.meta.url));
const sources = `${root}packages/tensor/src/`;
const report = process.env.VOXELGRAD_TEST_REPORT;

if (chromium === undefined) console.warn('the tests in a browser are skipped: there is no Chromium');

/** Files that only run in Node, by what stands for them in browsers. */
const TWINS: Readonly<Record<string, string>> = {
  'testing.node.ts': 'testing.browser.ts',
  'device/cpu/node.ts': 'device/cpu/browser.ts',
};

const browserTwins: Plugin = {
  name: 'browser-twins',
  enforce: 'pre',
  resolveId(source, importer) {
    if (importer === undefined || !source.startsWith('.')) return undefined;
    const file = resolve(dirname(importer), source);
    const twin = file.startsWith(sources) ? TWINS[file.slice(sources.length)] : undefined;
    return twin === undefined ? undefined : `${sources}${twin}`;
  },
};

/** Not run in browsers, and why. */
const EXCLUDED = [
  // Open GPU objects and drivers through Node.
  'packages/tensor/src/device/webgpu/webgpu-device.test.ts',
  'packages/tensor/src/device/webgpu/webgpu-faults.test.ts',
  'packages/tensor/src/device/webgpu/hardware.test.ts',
  'packages/tensor/src/ops/conv3d/conv3d.matrices.test.ts',
  'packages/tensor/src/device/webgpu/submit-limit.test.ts',
  'packages/tensor/src/capture/tune.test.ts',
  // Sets V8's flags.
  'packages/tensor/src/device/cpu/wide-simd.test.ts',
  // Kills threads and starts processes.
  'packages/tensor/src/device/cpu/cpu-faults.test.ts',
  // Runs Python.
  'packages/tensor/src/ops/median/median.scipy.test.ts',
  // About files.
  'packages/tensor/src/device/webgpu/cache-folder.test.ts',
  'packages/tensor/src/device/webgpu/tuned-folder.test.ts',
];

interface Page {
  readonly name: string;
  readonly headers: Record<string, string>;
  readonly testDevices: readonly string[];
  readonly include: string[];
}

const page = ({ name, headers, testDevices, include }: Page): TestProjectConfiguration => ({
  plugins: [browserTwins],
  server: { headers },
  // Found while tests run they would make the page load anew.
  optimizeDeps: { include: ['fast-check'] },
  test: {
    name,
    include,
    exclude: EXCLUDED,
    setupFiles: ['tools/test-equality.ts'],
    provide: { testDevices },
    testTimeout: 120_000,
    hookTimeout: 120_000,
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      provider: playwright({
        launchOptions: { executablePath: chromium!, args: CHROMIUM_FLAGS },
      }),
      instances: [{ browser: 'chromium' }],
      fileParallelism: false,
    },
  },
});

const ENGINE = ['packages/tensor/src/**/*.test.ts', 'packages/tensor/src/**/*.browser-test.ts'];

const projects = [
  page({
    name: 'cross-origin isolated',
    headers: { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' },
    testDevices: ['cpu', 'webgpu'],
    include: [
      ...ENGINE,
      'packages/io/src/dicom/dicom.test.ts',
      'packages/io/src/in-memory.test.ts',
      'packages/io/src/store/store.test.ts',
      'packages/io/src/store/*.browser-test.ts',
    ],
  }),
  page({
    name: 'not isolated',
    headers: {},
    testDevices: ['cpu'],
    include: ENGINE,
  }),
];

/** Without a browser: reads the files, so that their tests can be counted, and runs none. */
const skipped = {
  include: ['packages/tensor/src/**/*.test.ts'],
  exclude: EXCLUDED,
  testNamePattern: /^(?!)/,
  pool: 'forks' as const,
};

export default defineConfig({
  test: {
    globalSetup: ['tools/test-browser-setup.ts'],
    reporters: report === undefined ? ['default'] : ['default', ['json', { outputFile: report }]],
    ...(chromium === undefined ? skipped : { projects }),
  },
});
