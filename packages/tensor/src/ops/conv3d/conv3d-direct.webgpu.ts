/** Launches the direct convolutions, one invocation an output: any groups and kernel. The fallback, and what the fast ones are checked against. */
import type { Operand } from '../../device/device.ts';
import { type Binding, read, write } from '../../device/webgpu/dispatch.ts';
import { writePreamble } from '../../device/webgpu/preamble.ts';
import type { WebgpuDevice } from '../../device/webgpu/webgpu-device.ts';
import { foldWorkgroups } from '../../device/webgpu/workgroups.ts';
import { sizeOf } from '../../shape.ts';
import { sumSplits } from '../sum-splits.webgpu.ts';
import type { Conv3dGeometry, Conv3dKernels } from './conv3d.kernels.ts';
import { channelsOf, extentOf, geometryWords, kernelOf } from './conv3d-parameters.webgpu.ts';
import { type Splits, splitVoxels } from './conv3d-weight-gradient.webgpu.ts';

const GROUP_SIZE = 64;

const ONE_SPLIT: Splits = { splits: 1, voxelsPerSplit: 0 };

interface Launch {
  readonly shader: string;
  readonly bindings: readonly Binding[];
  readonly x: Operand;
  readonly y: Operand;
  readonly weight: Operand;
  readonly bias?: Operand | undefined;
  readonly geometry: Conv3dGeometry;
  readonly outputs: number;
  readonly split?: Splits;
}

function launch(
  device: WebgpuDevice,
  { shader, bindings, x, y, weight, bias, geometry, outputs, split = ONE_SPLIT }: Launch,
): void {
  device.choose(() => `direct, ${split.splits} splits`);
  device.dispatch({
    shader,
    preamble: writePreamble({ types: { element: x.dtype } }),
    bindings,
    parameters: [
      ...extentOf(x),
      ...extentOf(y),
      ...geometryWords(kernelOf(weight), geometry),
      channelsOf(x),
      channelsOf(y),
      geometry.groups,
      bias === undefined ? 0 : 1,
      split.splits,
      split.voxelsPerSplit,
    ],
    workgroups: foldWorkgroups(Math.ceil(outputs / GROUP_SIZE)),
  });
}

export const directConv3d = (device: WebgpuDevice): Conv3dKernels => ({
  conv3d(x, weight, bias, y, geometry) {
    const bindings = [read(x), read(weight), write(y), read(bias ?? weight)];
    launch(device, {
      shader: 'conv3d/direct-forward',
      bindings,
      x,
      y,
      weight,
      bias,
      geometry,
      outputs: sizeOf(y.shape),
    });
  },
  conv3dDataGradient(dy, weight, bias, dx, geometry) {
    const shader = 'conv3d/direct-data-gradient';
    const bindings = [read(dy), read(weight), write(dx), read(bias ?? weight)];
    launch(device, { shader, bindings, x: dx, y: dy, weight, bias, geometry, outputs: sizeOf(dx.shape) });
  },
  conv3dWeightGradient(x, dy, dweight, geometry) {
    const size = sizeOf(dweight.shape);
    const split = splitVoxels(sizeOf(extentOf(dy)), size, Math.ceil(size / GROUP_SIZE), 1);
    const partial = split.splits === 1 ? dweight : device.temporary('f32', [split.splits, size]);
    const shader = 'conv3d/direct-weight-gradient';
    const bindings = [read(x), read(dy), write(partial)];
    const outputs = size * split.splits;
    launch(device, { shader, bindings, x, y: dy, weight: dweight, geometry, outputs, split });
    if (partial === dweight) return;
    sumSplits(device, partial, dweight, split.splits);
    device.free(partial.buffer);
  },
});
