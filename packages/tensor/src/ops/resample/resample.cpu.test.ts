/** What is particular to the cpu: vectors that hang over the end of a row write nothing behind it, and bits do not depend on threads. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CpuDevice } from '../../device/cpu/cpu-device.ts';
import { openCpu } from '../../device/cpu/node.ts';
import type { Operand } from '../../device/device.ts';
import { type Shape, sizeOf } from '../../shape.ts';
import { testValues, upload } from '../../testing.ts';
import type { ResampleMap } from './resample.kernels.ts';

/** Sizes that are multiples of 256 bytes, so that another tensor may follow at once. */
const SMALL = (channels: number): Shape => [2, 2, 4, 8, channels];
const LARGE = (channels: number): Shape => [2, 4, 8, 16, channels];
const GRID: Shape = [2, 4, 8, 16, 3];

const DOWN: ResampleMap = { scale: [2, 2, 2], offset: [0.5, 0.5, 0.5] };
const UP: ResampleMap = { scale: [0.5, 0.5, 0.5], offset: [-0.25, -0.25, -0.25] };

type Launch = (device: CpuDevice, channels: number, out: (shape: Shape) => Operand) => void;

const values = (device: CpuDevice, shape: Shape): Operand => upload(device, 'f32', shape, testValues(shape));

const gridOf = (device: CpuDevice): Operand =>
  upload(
    device,
    'f32',
    GRID,
    testValues(GRID).map((value) => 5 + 7 * value),
  );

const LAUNCHES: Record<string, Launch> = {
  'nearest, up': (device, c, out) => device.kernels.resample('nearest', values(device, SMALL(c)), out(LARGE(c)), UP),
  'linear, up': (device, c, out) => device.kernels.resample('linear', values(device, SMALL(c)), out(LARGE(c)), UP),
  'cubic, down': (device, c, out) => device.kernels.resample('cubic', values(device, LARGE(c)), out(SMALL(c)), DOWN),
  'gradient of linear': (device, c, out) =>
    device.kernels.resampleGradient('linear', values(device, LARGE(c)), out(SMALL(c)), UP),
  'sampleGrid, linear': (device, c, out) =>
    device.kernels.sampleGrid('linear', values(device, SMALL(c)), gridOf(device), out(LARGE(c)), 'edge'),
  'sampleGrid, nearest': (device, c, out) =>
    device.kernels.sampleGrid('nearest', values(device, SMALL(c)), gridOf(device), out(LARGE(c)), 'zero'),
  'gradient of sampleGrid': (device, c, out) =>
    device.kernels.sampleGridGradient('linear', values(device, LARGE(c)), gridOf(device), out(SMALL(c)), 'edge'),
  'max pooling': (device, c, out) =>
    device.kernels.pool('max', values(device, LARGE(c)), out(SMALL(c)), [2, 2, 2], [2, 2, 2], [0, 0, 0], true),
  'gradient of max pooling': (device, c, out) => {
    const [dy, x] = [values(device, SMALL(c)), values(device, LARGE(c))];
    device.kernels.poolGradient('max', dy, x, out(LARGE(c)), [2, 2, 2], [2, 2, 2], [0, 0, 0], true);
  },
  'gradient of average pooling': (device, c, out) => {
    const [dy, x] = [values(device, SMALL(c)), values(device, LARGE(c))];
    device.kernels.poolGradient('average', dy, x, out(LARGE(c)), [2, 2, 2], [2, 2, 2], [0, 0, 0], true);
  },
  filter: (device, c, out) =>
    device.kernels.filterAxis(values(device, LARGE(c)), values(device, [2, c, 5]), out(LARGE(c)), 3),
};

describe('resampling on the cpu', () => {
  const devices: CpuDevice[] = [];

  beforeAll(async () => {
    for (const threads of [1, 2, 3]) devices.push(await openCpu({ threads }));
  });

  afterAll(() => Promise.all(devices.map((device) => device.close())));

  describe.each([1, 2, 3, 5])('%i channels', (channels) => {
    it.each(Object.entries(LAUNCHES))('%s', async (_, launch) => {
      const results = await Promise.all(
        devices.map(async (device) => {
          let result: Operand | undefined;
          let behind: Operand | undefined;
          launch(device, channels, (shape) => {
            const bytes = 4 * sizeOf(shape);
            expect(bytes % 256).toBe(0);
            const buffer = device.allocate(bytes + 64);
            result = { buffer, byteOffset: 0, dtype: 'f32', shape };
            behind = { buffer, byteOffset: bytes, dtype: 'f32', shape: [16] };
            device.write(behind, new Float32Array(16).fill(7));
            return result;
          });
          expect(await device.read(behind!)).toEqual(new Float32Array(16).fill(7));
          return device.read(result!);
        }),
      );
      expect(results[1]).toEqual(results[0]);
      expect(results[2]).toEqual(results[0]);
    });
  });
});
