/**
 * One fold of a trained model as a single file for other programs: a checkpoint that nnU-Net opens, safetensors, or an ONNX graph. Plans and labels go
 * along, so that the file says by itself what the network takes and gives.
 */
import { readText } from '@voxelgrad/io';
import { stateDict, writeSafetensors } from '@voxelgrad/nn';
import type { Device } from '@voxelgrad/tensor';
import { officialTrainerName } from '../experiment/trainer-settings.ts';
import { formatPlans } from '../plan/plans.ts';
import type { Fold } from '../splits/splits.ts';
import { encodeNnunetCheckpoint } from './export-checkpoint.ts';
import { encodeNetworkAsOnnx } from './export-onnx.ts';
import type { TrainedModel } from './open-model.ts';

export const weightFormats = ['pth', 'safetensors', 'onnx'] as const;
export type WeightFormat = (typeof weightFormats)[number];

/**
 * - `pth`: `checkpoint_final.pth` as nnU-Net 2.8 loads it to predict, all official names, without an optimizer's state.
 * - `safetensors`: each weight once, under its first official name, in PyTorch's layout.
 * - `onnx`: input `image [batch, channels, …]`, output `logits [batch, classes, …]`.
 */
export async function encodeFold(
  model: TrainedModel,
  fold: Fold,
  format: WeightFormat,
  device: Device,
): Promise<Uint8Array | AsyncIterable<Uint8Array>> {
  const { plans, configurationName, trainer, mirrorAxes, location } = model;
  const network = await model.loadFold(fold, device);
  const datasetJson = await readText(location.dataset);
  const metadata = {
    plans: formatPlans(plans),
    dataset: datasetJson,
    configuration: configurationName,
    trainer,
    fold: String(fold),
    mirror_axes: JSON.stringify(mirrorAxes),
  };
  if (format === 'onnx') return encodeNetworkAsOnnx(network, { metadata });
  if (format === 'pth')
    return encodeNnunetCheckpoint({
      network,
      plans,
      configuration: configurationName,
      fold,
      datasetJson: JSON.parse(datasetJson),
      mirrorAxes,
      trainer: officialTrainerName(trainer),
    });
  const weights = [...(await stateDict(network))].map(
    ([name, { shape, data }]) => [name, { dtype: 'F32', shape, data }] as const,
  );
  return writeSafetensors(weights, { format: 'pt', ...metadata });
}
