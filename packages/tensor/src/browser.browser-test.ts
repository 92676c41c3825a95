/** Opening devices in a browser: what is chosen, and what is said where something is missing. */
import { describe, expect, it } from 'vitest';
import { openDevice } from './browser.ts';
import { isVoxelgradError } from './errors.ts';
import { fromArray, sum } from './index.ts';

const failureOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('openDevice in a browser', () => {
  it('gives cpu as many threads as asked where the page may share memory, else one', async () => {
    const device = await openDevice('cpu', { threads: 3 });
    expect(device.kind).toBe('cpu');
    expect(device.description).toContain(globalThis.crossOriginIsolated ? '3 threads' : '1 thread');
    const total = sum(fromArray([1, 2, 3.5], [3], { device }));
    expect(await total.item()).toBe(6.5);
    await device.close();
  });

  it('takes a software adapter only by name', async () => {
    const adapter = await navigator.gpu.requestAdapter();
    const software = adapter === null || /swiftshader/i.test(`${adapter.info.vendor} ${adapter.info.architecture}`);
    const chosen = await openDevice('auto');
    expect(chosen.kind).toBe(software ? 'cpu' : 'webgpu');
    await chosen.close();
    if (adapter === null) return;
    const named = await openDevice('webgpu');
    expect(named.kind).toBe('webgpu');
    await named.close();
  });

  it('fetches its files from the folder it is given', async () => {
    const assets = new URL('../assets/', import.meta.url);
    const device = await openDevice('cpu', { threads: 1, assets });
    await device.close();
    const nowhere = new URL('nowhere/', assets);
    for (const name of ['cpu', 'webgpu'] as const) {
      const failure = await failureOf(openDevice(name, { assets: nowhere }));
      expect(isVoxelgradError(failure, 'file')).toBe(true);
      expect((failure as Error).message).toContain('nowhere/');
    }
  });

  it('refuses numbers of threads and names that are none', async () => {
    expect(isVoxelgradError(await failureOf(openDevice('cpu', { threads: 0 })), 'option')).toBe(true);
    expect(isVoxelgradError(await failureOf(openDevice('gpu' as 'webgpu')), 'option')).toBe(true);
  });
});
