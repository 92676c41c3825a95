/** What a dashboard tells of a study before it starts. */
import type { DashboardRun } from '@voxelgrad/nnunet/node';
import { lossName } from './chart.ts';
import type { StudyOptions, StudyPlan } from './options.ts';

export function dashboardRun(plan: StudyPlan, options: StudyOptions): DashboardRun {
  const { title, dataSet, training, heldOut, patch, features } = plan;
  return {
    title,
    labels: dataSet.labels!,
    channels: dataSet.channelNames,
    lossName,
    settings: [
      { name: 'Cases', value: `${training.length} to train on, ${heldOut.length} held out` },
      { name: 'Patch', value: `${patch.join(' × ')} voxels` },
      { name: 'Batch', value: `${options.batch} patches an iteration` },
      { name: 'Network', value: `PlainConvUNet, ${features.join(', ')} features` },
      { name: 'Length', value: `${options.epochs} epochs of ${options.iterations} iterations` },
      { name: 'Optimizer', value: 'Adam' },
      { name: 'Learning rate', value: `${options.learningRate} at the start, then falling to 0 (polynomial)` },
      { name: 'Augmentation', value: 'mild' },
      { name: 'Seed', value: String(options.seed) },
      { name: 'Folder', value: options.out },
    ],
    epochs: options.epochs,
    iterationsPerEpoch: options.iterations,
  };
}
