/** Starting from another model's weights, as nnU-Net's `-pretrained_weights` does (nnunetv2/run/load_pretrained_weights.py): all but the output layers. */
import type { FileSource } from '@voxelgrad/io';
import { loadStateDict, stateDict } from '@voxelgrad/nn';
import { VoxelgradError } from '@voxelgrad/tensor';
import { readWeights } from '../model-folder/state-dicts.ts';
import type { SegmentationNetwork } from '../networks/unet.ts';

/** Throws 'format' where the file lacks a weight of the network, or has it in another shape. */
export async function loadPretrained(network: SegmentationNetwork, source: FileSource): Promise<void> {
  const theirs = await readWeights(source);
  const weights = new Map(await stateDict(network));
  for (const [name, { shape }] of weights) {
    if (name.includes('.seg_layers.')) continue;
    const found = theirs.get(name);
    if (found === undefined || found.shape.join() !== shape.join())
      throw new VoxelgradError('format', {
        what: `${source.path}: ${name}`,
        expected: `weights of shape [${shape.join(', ')}]`,
        got: found === undefined ? 'none' : `[${found.shape.join(', ')}]`,
        help: 'Pretrained weights must be of the same architecture: plan this data set with the plans of the other one.',
      });
    weights.set(name, found);
  }
  loadStateDict(network, weights);
}
