/**
 * What the WebGPU matrix products are held to, by AMD's real compiler (Mesa's ACO), which needs no GPU: no spills, at least 8 waves a SIMD, and
 * fused multiply-adds as most of what the vector unit does. Needs Mesa's Vulkan drivers, gcc and Vulkan's headers.
 */
import { existsSync } from 'node:fs';
import { lacking } from '@voxelgrad/tensor/testing-skips';
import { describe, expect, it } from 'vitest';
import { rowsFor } from './isa.ts';

const NEEDED = ['/usr/share/vulkan/icd.d/radeon_icd.x86_64.json', '/usr/include/vulkan/vk_layer.h'];

const missing = NEEDED.find((file) => !existsSync(file));

describe('matrix products of the defaults, compiled for RDNA2 in waves of 32', () => {
  it('hold their bars', { timeout: 300_000, ...lacking(missing && `there is no ${missing}`) }, async () => {
    const { products, candidates, others } = await rowsFor('RDNA2');
    expect(products.length).toBeGreaterThan(40);
    const below = products.filter(({ ours, details }) => {
      const figure = (name: string): number => Number(details![name]);
      const held =
        figure('spills') === 0 &&
        figure('waves') >= 8 &&
        figure('conversions') === 0 &&
        figure('innermost %') >= 88 &&
        ours >= 65;
      return !held;
    });
    expect(below).toEqual([]);
    expect(candidates.length).toBeGreaterThan(8);
    expect(others.length).toBeGreaterThan(10);
    expect([...candidates, ...others].filter(({ details }) => details!.spills !== 0)).toEqual([]);
  });
});
