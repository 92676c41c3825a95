/**
 * Mixed precision (Micikevicius et al. 2018): inside `autocast`, convolutions and matrix products take and give f16, sums inside them stay f32, and
 * what follows works on f16 until something is cast back. Norm statistics, interpolation, losses, parameters and optimizer state are f32 always:
 * ops and losses that need more than f16 compute in f32, whatever they are given (see ops/widened.ts).
 */
import type { Device } from './device/device.ts';
import { VoxelgradError } from './errors.ts';
import { cast } from './ops/copy/cast.ts';
import { Switch } from './switch.ts';
import type { Tensor } from './tensor.ts';

const active = new Switch('autocast', false);

/** Runs `work` with f16 convolutions and matrix products. Throws 'device' at the first of them where the device has no f16. */
export const autocast = <Result>(work: () => Result): Result => withAutocast(true, work);

/** Runs `work` as inside or outside of an autocast. */
export const withAutocast = <Result>(on: boolean, work: () => Result): Result => active.run(on, work);

/** Whether this is inside of an autocast. */
export const isAutocast = (): boolean => active.on;

/** The operand as the op is to see it: f16 inside of autocast, as it is otherwise. For ops. */
export function lowered(x: Tensor): Tensor {
  if (!active.on || x.dtype !== 'f32') return x;
  checkF16(x.device);
  return cast(x, 'f16');
}

function checkF16(device: Device): void {
  if (!device.hasF16)
    throw new VoxelgradError('device', {
      what: `mixed precision on ${device.kind}`,
      expected: 'a device with f16 (the WebGPU feature shader-f16)',
      got: device.description,
      help: 'train without mixed precision on this device',
    });
}
