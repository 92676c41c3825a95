/** Sums that a first shader split between workgroups are added up in a fixed order: the same bits every run, without atomics. */
import type { Operand } from '../device/device.ts';
import { read, write } from '../device/webgpu/dispatch.ts';
import type { WebgpuDevice } from '../device/webgpu/webgpu-device.ts';
import { foldWorkgroups } from '../device/webgpu/workgroups.ts';
import { sizeOf } from '../shape.ts';

/** Outputs of one workgroup of common/sum-splits. */
const OUTPUTS = 16;

/** `out[i] = Σ partial[split, i]`, f32. */
export function sumSplits(device: WebgpuDevice, partial: Operand, out: Operand, splits: number): void {
  const size = sizeOf(out.shape);
  device.dispatch({
    shader: 'common/sum-splits',
    preamble: '',
    bindings: [read(partial), write(out)],
    parameters: [size, splits],
    workgroups: foldWorkgroups(Math.ceil(size / OUTPUTS)),
  });
}
