/** For tests: steps of training on a network of any size, always on the same patch. */
import { Adam, diceAndCrossEntropy } from '@voxelgrad/nn';
import { type Device, fromArray, type Shape, tidy } from '@voxelgrad/tensor';
import { PlainConvUNet } from '../networks/plain-conv-unet.ts';
import { encodeCheckpoint } from './checkpoint.ts';
import { emptyHistory } from './history.ts';

export interface SmallTraining {
  /** Takes a step; the loss before it. */
  readonly step: () => Promise<number>;
  /** Weights and the optimizer's state, as a checkpoint holds them. */
  readonly checkpoint: () => Promise<Uint8Array>;
  readonly dispose: () => void;
}

/** A network of one convolution a stage on patches of `shape`, `[n, d, h, w, 1]`. */
export function smallTraining(device: Device, features: readonly number[], shape: Shape): SmallTraining {
  const network = new PlainConvUNet({
    inputChannels: 1,
    classes: 2,
    features,
    convsPerStage: features.map(() => 1),
    convsPerDecoderStage: features.slice(1).map(() => 1),
    device,
  });
  const optimizer = new Adam(network.parameters(), { learningRate: 0.01 });
  const criterion = diceAndCrossEntropy();
  const size = shape.reduce((product, extent) => product * extent, 1);
  const voxels = Float32Array.from({ length: size }, (_, i) => Math.sin(1.7 * i));
  const labels = Int32Array.from(voxels, (value) => (value > 0 ? 1 : 0));
  const step = async (): Promise<number> => {
    const loss = tidy(() => {
      const image = fromArray(voxels, shape, { device });
      const value = criterion(network.predict(image), fromArray(labels, shape.slice(0, 4), { device }));
      value.backward();
      optimizer.step();
      return value.detach();
    });
    const value = await loss.item();
    loss.dispose();
    return value;
  };
  const checkpoint = (): Promise<Uint8Array> =>
    encodeCheckpoint(network, optimizer, { history: emptyHistory(), description: 'a test' });
  const dispose = (): void => {
    optimizer.dispose();
    network.dispose();
  };
  return { step, checkpoint, dispose };
}
