/** What the table gives by default, any adapter can run that it is given to. */
import { describe, expect, it } from 'vitest';
import { defaultVariant, type ProductShape, suiting } from './conv3d.defaults.ts';
import { isRegisterName } from './conv3d.variants.ts';

/** What WebGPU promises of every adapter. */
const LIMITS = { maxComputeInvocationsPerWorkgroup: 256, maxComputeWorkgroupStorageSize: 16384 };

/** A software driver's description, and a GPU's. */
const ADAPTERS = ['mesa software llvmpipe', 'amd rdna-2'];

const CHANNELS = [1, 2, 3, 4, 8, 12, 16, 17, 20, 24, 32, 36, 64, 70, 128, 320];

const shapes = (direction: ProductShape['direction'], subgroup: number | undefined): ProductShape[] =>
  CHANNELS.flatMap((channels) =>
    CHANNELS.map((columns) => {
      const rows = direction === 'weightGradient' ? 27 * channels : 4096;
      return { direction, rows, columns, channels, staged: 'f32', subgroup };
    }),
  );

describe('defaults of conv3d', () => {
  it.each(['forward', 'dataGradient', 'weightGradient'] as const)(
    'in registers, %s: only whole vec4 of channels, and together only where there are subgroups',
    (direction) => {
      const chosen = new Set<string>();
      for (const adapter of ADAPTERS)
        for (const subgroup of [undefined, 8])
          for (const shape of shapes(direction, subgroup)) {
            const name = defaultVariant(shape, adapter);
            if (!isRegisterName(name)) continue;
            expect(suiting(shape, LIMITS), `${shape.channels} → ${shape.columns}`).toContain(name);
            chosen.add(name);
          }
      expect(chosen.size).toBeGreaterThan(1);
    },
  );

  it('software drivers take registers wherever channels come in whole vec4', () => {
    for (const direction of ['forward', 'dataGradient', 'weightGradient'] as const)
      for (const shape of shapes(direction, undefined)) {
        const whole = shape.channels % 4 === 0 && shape.columns % 4 === 0;
        expect(isRegisterName(defaultVariant(shape, ADAPTERS[0]!))).toBe(whole);
      }
  });
});
