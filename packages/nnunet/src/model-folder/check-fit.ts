/**
 * Whether weights fit a configuration, seen from names and shapes alone, before a network is made: plans can ask for networks of any size, a file can
 * only hold those that it holds.
 */
import { VoxelgradError } from '@voxelgrad/tensor';
import type { Architecture } from '../networks/architecture.ts';
import type { WeightReference } from './state-dicts.ts';

/** Throws 'format' at the first weight that is missing or has another shape. `what` names the file. */
export function checkFit(
  { inputChannels, features, kernels, convsPerStage, convsPerDecoderStage, classes }: Architecture,
  residual: boolean,
  weights: ReadonlyMap<string, WeightReference>,
  what: string,
): void {
  const expect = (name: string, shape: readonly number[]): void => {
    const found = weights.get(name)?.shape;
    if (found?.join() !== shape.join())
      throw new VoxelgradError('format', {
        what: `${what}: ${name}`,
        expected: `[${shape.join(', ')}]`,
        got: found === undefined ? 'nothing' : `[${found.join(', ')}]`,
        help: 'the weights belong to another network than the plans describe',
      });
  };
  if (residual) expect('encoder.stem.convs.0.conv.weight', [features[0]!, inputChannels, ...kernels[0]!]);
  for (const [stage, width] of features.entries()) {
    const before = stage > 0 ? features[stage - 1]! : residual ? width : inputChannels;
    const name = (i: number): string =>
      residual
        ? `encoder.stages.${stage}.blocks.${i}.conv1.conv.weight`
        : `encoder.stages.${stage}.0.convs.${i}.conv.weight`;
    expect(name(0), [width, before, ...kernels[stage]!]);
    const last = convsPerStage[stage]! - 1;
    if (last > 0) expect(name(last), [width, width, ...kernels[stage]!]);
  }
  for (const [i, count] of convsPerDecoderStage.entries()) {
    const level = features.length - 2 - i;
    const width = features[level]!;
    const name = `decoder.stages.${i}.convs.${count - 1}.conv.weight`;
    expect(name, [width, count > 1 ? width : 2 * width, ...kernels[level]!]);
    expect(`decoder.seg_layers.${i}.weight`, [classes, width, ...kernels[level]!.map(() => 1)]);
  }
}
