/**
 * What a training step of nnU-Net's BraTS configuration takes on a GPU, planned without one: parameters, gradients and momentum, the batch, and the arena of
 * the captured step. nnU-Net's own figure (documentation/resenc_presets.md, in mixed precision) stands beside it.
 */
import { deepSupervision, diceAndBinaryCrossEntropy, Sgd } from '@voxelgrad/nn';
import { PlainConvUNet, TrainingStep } from '@voxelgrad/nnunet';
import { zeros } from '@voxelgrad/tensor';
import { openPlanning } from '@voxelgrad/tensor/node';
import type { BenchRow } from './measure.ts';

const PATCH = [128, 128, 128] as const;
const BATCH = 2;
const CHANNELS = 4;
const REGIONS = 3;
const FEATURES = [32, 64, 128, 256, 320, 320];
/** "nnU-Net (org.)" on BraTS. */
const NNUNET_BYTES = 7.7e9;
const GIGA = 1e9;

const CASES = [
  { name: 'f32', mixedPrecision: false, gradientCheckpointing: false },
  { name: 'f32, gradient checkpointing', mixedPrecision: false, gradientCheckpointing: true },
  { name: 'f16', mixedPrecision: true, gradientCheckpointing: false },
  { name: 'f16, gradient checkpointing', mixedPrecision: true, gradientCheckpointing: true },
] as const;

export async function memory(): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const each of CASES) rows.push(await plan(each));
  return rows;
}

async function plan({ name, mixedPrecision, gradientCheckpointing }: (typeof CASES)[number]): Promise<BenchRow> {
  const device = await openPlanning();
  const network = new PlainConvUNet({
    inputChannels: CHANNELS,
    classes: REGIONS,
    features: FEATURES,
    device,
    gradientCheckpointing,
  });
  const optimizer = new Sgd(network.parameters(), {
    learningRate: 0.01,
    momentum: 0.99,
    nesterov: true,
    weightDecay: 3e-5,
    maximumNorm: 12,
    lossScaling: mixedPrecision,
  });
  const loss = deepSupervision(diceAndBinaryCrossEntropy({ batchDice: true }));
  const step = new TrainingStep({ network, optimizer, loss, mixedPrecision });
  const image = zeros([BATCH, ...PATCH, CHANNELS], { device });
  const target = zeros([BATCH, ...PATCH, REGIONS], { device });
  await step.run({ image, target });
  const { peakBytes } = device.memory();
  const { arenaBytes, eagerPeakBytes, commands } = step.memory!;
  await device.close();
  const giga = (bytes: number): number => Number((bytes / GIGA).toPrecision(4));
  return {
    case: `BraTS training step, ${name}`,
    unit: 'GB',
    ours: giga(peakBytes),
    peer: 'nnU-Net (f16)',
    peerValue: giga(NNUNET_BYTES),
    ratio: Number((NNUNET_BYTES / peakBytes).toPrecision(4)),
    details: { arena: giga(arenaBytes), 'not captured': giga(peakBytes - arenaBytes + eagerPeakBytes), commands },
  };
}
