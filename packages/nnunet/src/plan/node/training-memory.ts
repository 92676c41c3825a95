/**
 * What a training step of a configuration takes on a GPU, to the byte, without one: the step is built on a device that only keeps books. With that, a
 * plan can be made for the memory that there really is, where nnU-Net's own estimate stands for PyTorch's.
 */
import { deepSupervision, diceAndCrossEntropy, Sgd } from '@voxelgrad/nn';
import { isVoxelgradError, VoxelgradError, zeros } from '@voxelgrad/tensor';
import { openPlanning } from '@voxelgrad/tensor/node';
import { TrainingStep } from '../../train/training-step.ts';
import { networkOfConfiguration } from '../network-of-plans.ts';
import type { MemoryTargets } from '../planner.ts';
import type { Configuration, Plans } from '../plans.ts';

/** Batches that are prepared ahead, and what else is not part of a step. */
const reserve = 1.15;

/**
 * Bytes of the whole: parameters, optimizer, the batch, and all that a step makes; Infinity where a single tensor is larger than tensors may be. `classes`
 * as the network has outputs.
 */
export async function trainingBytes(
  configuration: Pick<Configuration, 'architecture' | 'normalization_schemes' | 'batch_size' | 'patch_size'>,
  classes: number,
  mixedPrecision: boolean,
): Promise<number> {
  const device = await openPlanning();
  try {
    const channels = configuration.normalization_schemes.length;
    const network = networkOfConfiguration(configuration, channels, classes, { device });
    const optimizer = new Sgd(network.parameters(), {
      learningRate: 0.01,
      momentum: 0.99,
      maximumNorm: 12,
      lossScaling: mixedPrecision,
    });
    const loss = deepSupervision(diceAndCrossEntropy({ batchDice: true }));
    const step = new TrainingStep({ network, optimizer, loss, mixedPrecision });
    const shape = [configuration.batch_size, ...configuration.patch_size];
    await step.run({ image: zeros([...shape, channels], { device }), target: zeros(shape, { device, dtype: 'i32' }) });
    return device.memory().peakBytes * reserve;
  } catch (error) {
    if (isVoxelgradError(error, 'out-of-memory')) return Number.POSITIVE_INFINITY;
    throw error;
  } finally {
    await device.close();
  }
}

/** Smallest and largest target that is looked at, in GB on nnU-Net's scale, and how near to the best one the search ends. */
const range = { lowest: 0.25, highest: 1024, nearness: 1.05 };

export interface MemoryToFit {
  readonly bytes: number;
  /** Convolutions in f16. */
  readonly mixedPrecision: boolean;
}

/**
 * The largest targets whose configurations train within that memory, in 2-D and 3-D by themselves; `planFor` makes plans for targets. Throws 'option'
 * where not even the lowest fits.
 */
export async function fittingTargets(
  planFor: (memory: MemoryTargets) => Plans,
  classes: number,
  { bytes, mixedPrecision }: MemoryToFit,
): Promise<MemoryTargets> {
  const fits = async (memory: MemoryTargets, dimension: number): Promise<boolean> => {
    const configurations = Object.values(planFor(memory).configurations) as Configuration[];
    for (const one of configurations)
      if (one.inherits_from === undefined && one.patch_size.length === dimension)
        if ((await trainingBytes(one, classes, mixedPrecision)) > bytes) return false;
    return true;
  };
  const search = async (key: '2d' | '3d'): Promise<number> => {
    let { lowest, highest } = range;
    while (highest / lowest > range.nearness) {
      const middle = Math.sqrt(lowest * highest);
      if (await fits({ '2d': range.lowest, '3d': range.lowest, [key]: middle }, key === '2d' ? 2 : 3)) lowest = middle;
      else highest = middle;
    }
    if (lowest > range.lowest || (await fits({ '2d': lowest, '3d': lowest }, key === '2d' ? 2 : 3))) return lowest;
    throw new VoxelgradError('option', {
      what: `a ${key} plan for ${(bytes / 1e9).toPrecision(3)} GB`,
      expected: 'memory for a small patch',
      got: 'too little even for that',
    });
  };
  return { '2d': await search('2d'), '3d': await search('3d') };
}
