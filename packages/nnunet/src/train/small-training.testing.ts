/** For tests: steps of training on a network of any size, always on the same patch, op by op or replayed. */
import { Adam, diceAndCrossEntropy } from '@voxelgrad/nn';
import { type Captured, capture, type Device, fromArray, type Shape, type Tensor, tidy } from '@voxelgrad/tensor';
import { PlainConvUNet } from '../networks/plain-conv-unet.ts';
import { encodeCheckpoint } from './checkpoint.ts';
import { emptyHistory } from './history.ts';

/** Runs work in some precision. */
export type Precision = <Result>(work: () => Result) => Result;

export interface SmallTraining {
  /** Takes a step op by op, its forward pass in f32 or as said; the loss before it. */
  readonly step: (precision?: Precision) => Promise<number>;
  /** The same, as a captured step that is replayed. */
  readonly replay: () => Promise<number>;
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
  const upload = (): readonly [image: Tensor, label: Tensor] => [
    fromArray(voxels, shape, { device }),
    fromArray(labels, shape.slice(0, 4), { device }),
  ];
  const update = (image: Tensor, label: Tensor, precision: Precision = (work) => work()): Tensor => {
    const value = precision(() => criterion(network.predict(image), label));
    value.backward();
    optimizer.step();
    return value.detach();
  };

  const step = async (precision?: Precision): Promise<number> => {
    const loss = tidy(() => update(...upload(), precision));
    const value = await loss.item();
    loss.dispose();
    return value;
  };

  let captured: { readonly inputs: ReturnType<typeof upload>; readonly step: Captured<Tensor> } | undefined;
  const replay = async (): Promise<number> => {
    if (captured === undefined) {
      const inputs = upload();
      captured = { inputs, step: capture(device, () => update(...inputs)) };
    }
    captured.inputs[0].write(voxels);
    captured.step.replay();
    return captured.step.result.item();
  };

  const checkpoint = (): Promise<Uint8Array> =>
    encodeCheckpoint(network, optimizer, { history: emptyHistory(), description: 'a test' });

  const dispose = (): void => {
    captured?.step.dispose();
    for (const input of captured?.inputs ?? []) input.dispose();
    optimizer.dispose();
    network.dispose();
  };
  return { step, replay, checkpoint, dispose };
}
