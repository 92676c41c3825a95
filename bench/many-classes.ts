/**
 * Peak memory of predicting a CT with very many classes: 512 × 512 × 400 voxels, 105 classes, on a grid of 1.5 mm, with nnU-Net's patch of 128³ and its 32 features at full
 * resolution, through a network of small kernels, since that takes as much memory as a large one but less time. Held whole on the network's grid the logits alone would be the
 * peer's figure.
 */
import { type Affine, parseLabels } from '@voxelgrad/io';
import { type Configuration, PlainConvUNet, type Plans, predictImages } from '@voxelgrad/nnunet';
import { openCpu } from '@voxelgrad/tensor/node';
import { type BenchRow, costRow } from './measure.ts';
import { peakBytesOf } from './peak-memory.ts';

const SHAPE = [400, 512, 512] as const;
/** mm */
const SPACING = [1.5, 0.97, 0.97] as const;
const TARGET = 1.5;
const CLASSES = 105;
const PATCH = 128;
const GIGA = 1e9;

export async function manyClasses(): Promise<BenchRow[]> {
  const grid = SHAPE.map((extent, axis) => Math.round((extent * SPACING[axis]!) / TARGET));
  const whole = 4 * CLASSES * grid.reduce((product, extent) => product * extent, 1);
  const peak = await peakBytesOf(import.meta.url, 0);
  const name = `prediction of ${SHAPE.join(' × ')} voxels, ${CLASSES} classes`;
  return [costRow(name, 'GB', peak / GIGA, 'logits held whole', whole / GIGA)];
}

/** Predicts one case, with one mirroring. */
export async function alone(): Promise<void> {
  const device = await openCpu();
  const network = new PlainConvUNet({
    inputChannels: 1,
    classes: CLASSES,
    features: [32, 32],
    kernels: [
      [1, 1, 1],
      [3, 3, 3],
    ],
    convsPerStage: [1, 1],
    convsPerDecoderStage: [1],
    device,
  });
  const plans = {
    transpose_forward: [0, 1, 2],
    transpose_backward: [0, 1, 2],
    image_reader_writer: 'SimpleITKIO',
    foreground_intensity_properties_per_channel: {},
  } as unknown as Plans;
  const kwargs = { is_seg: false, order: 1, order_z: 0, force_separate_z: null };
  const configuration = {
    preprocessor_name: 'DefaultPreprocessor',
    spacing: [TARGET, TARGET, TARGET],
    patch_size: [PATCH, PATCH, PATCH],
    normalization_schemes: ['NoNormalization'],
    use_mask_for_norm: [false],
    resampling_fn_data: 'resample_data_or_seg_to_shape',
    resampling_fn_data_kwargs: kwargs,
    resampling_fn_probabilities: 'resample_data_or_seg_to_shape',
    resampling_fn_probabilities_kwargs: kwargs,
  } as unknown as Configuration;
  const entries = Array.from({ length: CLASSES }, (_, label) => [label === 0 ? 'background' : `organ_${label}`, label]);
  const labels = parseLabels(Object.fromEntries(entries), undefined, 'many classes');
  const voxels = SHAPE[0] * SHAPE[1] * SHAPE[2];
  const data = new Float32Array(voxels).map((_, i) => Math.sin(i * 1e-3) + 2);
  const [z, y, x] = SPACING;
  const affine: Affine = [-x, 0, 0, 0, 0, -y, 0, 0, 0, 0, z, 0, 0, 0, 0, 1];
  const image = { shape: SHAPE, data, spacing: SPACING, affine } as const;
  await predictImages(
    { plans, configuration, description: { labels }, networks: [network], device, mirrorAxes: [2] },
    { name: 'ct', channels: [image] },
    { onWindow: (done, windows) => process.stderr.write(`window ${done} of ${windows}\r`) },
  );
  await device.close();
}
