/**
 * On WebGPU the tiles of a convolution leave what the norm's statistics are merged from (shaders/conv3d/tile-moments.wgsl), so that the norm reads the
 * convolution's results once instead of twice. Candidates without tiles, and direct convolutions, leave nothing.
 */
import type { Operand } from '../../device/device.ts';
import type { WebgpuDevice } from '../../device/webgpu/webgpu-device.ts';
import { sizeOf } from '../../shape.ts';
import { type TileVariant, tileOf, tileRows } from '../conv3d/conv3d.variants.ts';
import { conv3dWebgpu } from '../conv3d/conv3d.webgpu.ts';
import { productVariant, productWebgpu } from '../conv3d/conv3d-choice.webgpu.ts';
import { channelsOf, extentOf, isGathered, kernelOf } from '../conv3d/conv3d-parameters.webgpu.ts';
import { instanceNormWebgpu, normFromMoments } from '../instance-norm/instance-norm.webgpu.ts';
import { type ConvNormKernels, convThenNorm } from './conv-norm.kernels.ts';

/** Tiles that leave moments lie within samples. Where samples are so small that this takes more tiles than so many times as many, reading twice is cheaper. */
const MOST_TILES = 1.25;

/** Tiles that cut the voxels of each sample of `y`, or undefined where too much of them would be voxels that are not there. */
function tilesOfSample(tile: TileVariant, y: Operand): number | undefined {
  const [n, ...space] = extentOf(y);
  const voxels = sizeOf(space);
  const tiles = Math.ceil(voxels / tileRows(tile));
  const least = Math.ceil((n! * voxels) / tileRows(tile));
  return least > 0 && tiles * n! <= MOST_TILES * least ? tiles : undefined;
}

export const convNormWebgpu = (device: WebgpuDevice): ConvNormKernels => {
  const norm = instanceNormWebgpu(device);
  const apart = convThenNorm(conv3dWebgpu(device), norm);
  return {
    conv3dNorm(x, weight, bias, y, geometry, scale, shift, z, mean, inverseDeviation, settings) {
      if (!isGathered(kernelOf(weight), geometry)) {
        apart(x, weight, bias, y, geometry, scale, shift, z, mean, inverseDeviation, settings);
        return;
      }
      const product = { dataGradient: false, source: x, weight, bias, result: y, geometry };
      const variant = productVariant(device, product);
      const tile = tileOf(variant);
      const tiles = tile && tilesOfSample(tile, y);
      if (tile === undefined || tiles === undefined) {
        productWebgpu(device, product, variant);
        norm.normForward(y, scale, shift, z, mean, inverseDeviation, settings);
        return;
      }
      device.choose(() => `the norm's statistics from ${tiles} tiles a sample`);
      const moments = device.temporary('f32', [y.shape[0]!, tiles, 2, channelsOf(y)]);
      productWebgpu(device, { ...product, moments }, variant);
      const pass = { x: y, weight: scale, bias: shift, settings };
      normFromMoments(device, pass, moments, tileRows(tile), z, mean, inverseDeviation);
      device.free(moments.buffer);
    },
  };
};
