/** The forward pass of the network that nnU-Net plans for BraTS, one patch of 128³ voxels in f32, on the cpu device against PyTorch and onnxruntime-web. */
import { PlainConvUNet } from '@voxelgrad/nnunet';
import { type Device, noGrad, RandomGenerator, tidy } from '@voxelgrad/tensor';
import { openCpu } from '@voxelgrad/tensor/node';
import { openEngine } from './javascript-engine.ts';
import { type BenchRow, type Candidate, costRow, interleaved, rateRow } from './measure.ts';
import { openOnnxRuntime } from './onnxruntime-peer.ts';
import { peakBytesOf } from './peak-memory.ts';
import { TorchPeer } from './torch-peer.ts';

const NETWORK = { inputChannels: 4, classes: 3, features: [32, 64, 128, 256, 320, 320] } as const;
const PATCH = [128, 128, 128] as const;
const ROUNDS = 3;
const NAME = '4→3, 32–320, 128³';

function prediction(device: Device, network = new PlainConvUNet({ ...NETWORK, device })): Candidate {
  const x = new RandomGenerator(1).normal([1, ...PATCH, NETWORK.inputChannels], device);
  return async () => {
    tidy(() => {
      noGrad(() => network.predict(x));
    });
    await device.synchronize();
    return undefined;
  };
}

export async function bratsForward(): Promise<BenchRow[]> {
  const device = await openCpu();
  const peer = await TorchPeer.start(device.threads);
  const { inputChannels, features, classes } = NETWORK;
  const request = { kind: 'unet_forward', channels_in: inputChannels, features, patch: PATCH, classes };
  const network = new PlainConvUNet({ ...NETWORK, device });
  const runtime = await openEngine('onnxruntime-web', () => openOnnxRuntime(device.threads));
  const inRuntime = await runtime?.prediction(network, PATCH);
  const seconds = await interleaved(
    {
      ours: prediction(device, network),
      ...(peer === undefined ? {} : { peer: () => peer.run(request) }),
      ...(inRuntime === undefined ? {} : { inRuntime }),
    },
    ROUNDS,
  );
  await device.close();
  const peerBytes = await peer?.peakBytes();
  peer?.stop();
  const bytes = await peakBytesOf(import.meta.url, 0);
  return [
    rateRow(NAME, 'patches/s', 1 / seconds.ours!, 'PyTorch', peer && 1 / seconds.peer!),
    ...(runtime === undefined
      ? []
      : [rateRow(NAME, 'patches/s', 1 / seconds.ours!, runtime.name, 1 / seconds.inRuntime!)]),
    costRow(`${NAME}, peak memory`, 'MB', bytes / 1e6, 'PyTorch', peerBytes && peerBytes / 1e6),
  ];
}

/** One patch, for peak-memory.ts. */
export async function alone(): Promise<void> {
  const device = await openCpu();
  await prediction(device)();
  await device.close();
}
