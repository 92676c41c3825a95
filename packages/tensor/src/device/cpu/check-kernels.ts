/** Compares kernels that take the place of others with those: small convolutions that go through all of their inner loops must give the same bits. */
import { Buffer } from 'node:buffer';
import type { Conv3dGeometry } from '../../ops/conv3d/conv3d.kernels.ts';
import { type Shape, sizeOf, type Triple } from '../../shape.ts';
import type { Operand } from '../device.ts';
import { CpuDevice } from './cpu-device.ts';

interface Check {
  readonly x: Shape;
  readonly weight: Shape;
  readonly y: Shape;
  readonly stride: number;
}

const CHECKS: readonly Check[] = [
  // Winograd's method, with sources and targets that are no multiples of 16.
  { x: [1, 8, 7, 9, 24], weight: [3, 3, 3, 24, 40], y: [1, 8, 7, 9, 40], stride: 1 },
  { x: [1, 25, 26, 9, 16], weight: [3, 3, 3, 16, 20], y: [1, 13, 13, 5, 20], stride: 2 },
  // The first layer, and the direct way.
  { x: [1, 8, 9, 10, 1], weight: [3, 3, 3, 1, 32], y: [1, 8, 9, 10, 32], stride: 1 },
  { x: [1, 4, 5, 6, 16], weight: [3, 3, 3, 16, 16], y: [1, 2, 3, 3, 16], stride: 2 },
];

export async function givesSameBits(module: WebAssembly.Module, wide: WebAssembly.Module): Promise<boolean> {
  const setup = { module, relaxedSimd: true, threads: 0, quiet: true };
  const devices = [setup, { ...setup, wide }].map((each) => new CpuDevice(each));
  try {
    for (const check of CHECKS) {
      const [expected, got] = [await resultsOf(devices[0]!, check), await resultsOf(devices[1]!, check)];
      if (!expected.every((bits, output) => Buffer.compare(bits, got[output]!) === 0)) return false;
    }
    return true;
  } finally {
    for (const device of devices) await device.close();
  }
}

/** The bits of the result and of both gradients. */
async function resultsOf(device: CpuDevice, { x, weight, y, stride }: Check): Promise<Uint8Array[]> {
  const three = (value: number): Triple => [value, value, value];
  const geometry: Conv3dGeometry = { stride: three(stride), padding: three(1), dilation: three(1), groups: 1 };
  const [xs, weights, dys] = [x, weight, y].map((shape) => filled(device, shape)) as [Operand, Operand, Operand];
  const outputs = [y, x, weight].map((shape) => empty(device, shape)) as [Operand, Operand, Operand];
  device.kernels.conv3d(xs, weights, undefined, outputs[0], geometry);
  device.kernels.conv3dDataGradient(dys, weights, undefined, outputs[1], geometry);
  device.kernels.conv3dWeightGradient(xs, dys, outputs[2], geometry);
  const values = [];
  for (const output of outputs) values.push(await device.read(output));
  for (const { buffer } of [xs, weights, dys, ...outputs]) device.free(buffer);
  return values.map(({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength));
}

function empty(device: CpuDevice, shape: Shape): Operand {
  return { buffer: device.allocate(4 * sizeOf(shape)), byteOffset: 0, dtype: 'f32', shape };
}

/** Values that differ and use all their bits. */
function filled(device: CpuDevice, shape: Shape): Operand {
  const operand = empty(device, shape);
  const values = new Float32Array(sizeOf(shape));
  for (let i = 0; i < values.length; i++) values[i] = ((i * 7919) % 10007) / 10007 - 0.5;
  device.write(operand, values);
  return operand;
}
