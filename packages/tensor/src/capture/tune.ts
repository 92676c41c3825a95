/**
 * Chooses among the shaders that can do the same, by measurement. WebGPU's convolutions and matrix products come in named candidates; without tuning a
 * shipped table of defaults chooses. What is measured is kept per adapter and driver, so it is done once for each shape.
 *
 *   for (const { kernel, chosen } of await tune(device, () => trainingStep())) console.log(kernel, chosen);
 *
 * Candidates add up in different orders, so choices are part of what decides a result's last bits: tune before a run, not in the midst of it. A choice that
 * is kept never changes by itself.
 */
import type { Device } from '../device/device.ts';
import type { TunedKernel } from '../device/webgpu/tuning.ts';
import { record } from './capture.ts';
import type { CompileProgress } from './recording.ts';

/**
 * Tunes the kernels that `work` calls, for the shapes that it calls them with. `work` must be one that `capture` takes; it is recorded, and nothing of it is
 * computed. Resolves with what was tuned now: nothing where all of it was before, or on devices that have no choice. Throws 'file' where the choices cannot
 * be kept.
 */
export async function tune(
  device: Device,
  work: () => unknown,
  onProgress?: CompileProgress,
): Promise<readonly TunedKernel[]> {
  const recorded = (): void => {
    for (const tensor of record(device, work).outputs) tensor.dispose();
  };
  return (await device.tune?.(recorded, onProgress)) ?? [];
}
