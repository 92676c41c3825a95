/**
 * The devices that tests run on in browsers: 'cpu' with two worker threads, or on the page's own thread where the page is not cross-origin isolated,
 * and 'webgpu' on any adapter. `testDevices`, which the configuration provides, chooses among them; where there is no adapter the tests on it are
 * skipped with the reason.
 */
import { inject } from 'vitest';
import { openDevice } from './browser.ts';
import type { MissingDevice, TestDevice } from './testing.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Names of the devices to test. */
    testDevices: readonly string[];
  }
}

/** The devices; `open` opens a new one each time. */
export async function findTestDevices(): Promise<readonly (TestDevice | MissingDevice)[]> {
  const wanted = inject('testDevices');
  const devices: (TestDevice | MissingDevice)[] = [];
  if (wanted.includes('cpu')) devices.push({ name: 'cpu', open: () => openDevice('cpu', { threads: 2 }) });
  if (wanted.includes('webgpu'))
    devices.push(
      (await navigator.gpu?.requestAdapter()) != null
        ? { name: 'webgpu', open: () => openDevice('webgpu') }
        : { name: 'webgpu', missing: 'the browser has no adapter' },
    );
  return devices;
}
