import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { lacking } from '../../testing-skips.ts';
import { givesSameBits } from './check-kernels.ts';
import { openCpu } from './node.ts';

const kernels = async (name: string): Promise<WebAssembly.Module> =>
  WebAssembly.compile(await readFile(new URL(`../../../assets/${name}.wasm`, import.meta.url)));

const tested = process.arch === 'x64' && ['22', '24', '26'].includes(process.versions.node.split('.')[0]!);

describe('wide vectors', () => {
  it('are noticed where one bit differs', async () => {
    const device = await openCpu({ threads: 1 });
    await device.close();
    const fused = await kernels('kernels-relaxed');
    expect(await givesSameBits(fused, fused)).toBe(true);
    // These round twice where the others round once.
    expect(await givesSameBits(fused, await kernels('kernels'))).toBe(false);
  });

  const reason = tested ? undefined : 'only Node 22, 24 and 26 on x64 make wide vectors';
  it('are used', lacking(reason), async () => {
    const devices = [await openCpu({ threads: 1 }), await openCpu({ threads: 1, wideSimd: false })];
    expect(devices.map(({ description }) => description)).toEqual([
      'WebAssembly SIMD in wide vectors with fused multiply-add, 1 thread',
      'WebAssembly SIMD with fused multiply-add, 1 thread',
    ]);
    for (const device of devices) await device.close();
  });
});
