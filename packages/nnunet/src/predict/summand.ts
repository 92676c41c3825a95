/**
 * What of overlapping windows is added up. A network's last layer is a 1×1×1 convolution, linear and of each voxel by itself: the logits of mean features are the
 * mean logits. So where there are more classes than features, features are added up, and logits are made of the means, once for every voxel: with nnU-Net's 32
 * features a CT of 105 classes takes a third of the memory.
 */
import {
  add,
  concat,
  type Device,
  fromArray,
  narrow,
  noGrad,
  type Shape,
  scale,
  type Tensor,
  tidy,
} from '@voxelgrad/tensor';
import type { Blend } from '../inference-geometry/importance.ts';
import type { SegmentationNetwork } from '../networks/unet.ts';
import { gatherBlocks, type LogitBlock, type LogitCell, lengthOf, type Span } from './logit-cells.ts';

/**
 * `logits`: mean logits of the networks. `features`: all networks' features side by side. `logits of each`: where all features together are more than the
 * classes, each network's logits by themselves, made a piece of a window at a time.
 */
export interface Summand {
  readonly kind: 'logits' | 'features' | 'logits of each';
  /** Of each voxel. */
  readonly values: number;
}

const featuresOf = ({ architecture }: SegmentationNetwork): number => architecture.features[0]!;

export function summandOf(networks: readonly SegmentationNetwork[], blend: Blend): Summand {
  const { classes } = networks[0]!.architecture;
  const features = networks.map(featuresOf);
  const all = features.reduce((total, count) => total + count, 0);
  // The largest of logits is not that of their features.
  if (blend === 'max' || Math.max(...features) >= classes) return { kind: 'logits', values: classes };
  return all < classes ? { kind: 'features', values: all } : { kind: 'logits of each', values: classes };
}

/** What a network gives for windows that are added up. */
export const runFor =
  ({ kind }: Summand): ((network: SegmentationNetwork, x: Tensor) => Tensor) =>
  (network, x) =>
    kind === 'logits' ? network.predict(x) : network.features(x);

/** Features of all networks side by side. */
export const joinFeatures = (features: readonly Tensor[]): Tensor =>
  features.length === 1 ? features[0]! : concat(features, -1);

/** Mean logits of networks for features `[…, features]` that stand side by side. */
export function classifyJoined(networks: readonly SegmentationNetwork[], features: Tensor): Tensor {
  if (networks.length === 1) return networks[0]!.classify(features);
  return tidy(() => {
    let first = 0;
    let total: Tensor | undefined;
    for (const network of networks) {
      const logits = network.classify(narrow(features, -1, first, featuresOf(network)));
      total = total === undefined ? logits : add(total, logits);
      first += featuresOf(network);
    }
    return scale(total!, 1 / networks.length);
  });
}

export interface CellClassification {
  readonly device: Device;
  /** `[d, h, w, features]`, joined. */
  readonly shape: Shape;
  /** Whether the networks see slices. */
  readonly planar: boolean;
  /** Cells of more bytes are handed on some rows at a time. */
  readonly cellBytes: number;
  /** Bytes of logits that are made at a time. */
  readonly pieceBytes: number;
}

/** Cells of mean features → cells of mean logits. */
export async function* classifyCells(
  cells: AsyncIterable<LogitCell>,
  networks: readonly SegmentationNetwork[],
  settings: CellClassification,
): AsyncIterable<LogitCell> {
  const [, , width, features] = settings.shape as readonly [number, number, number, number];
  const { classes } = networks[0]!.architecture;
  const everything = { classes: features, first: 0, count: features };
  for await (const { planes, rows, blocks } of cells) {
    const together = Math.max(1, Math.floor(settings.cellBytes / (4 * classes * width * lengthOf(planes))));
    for (let [first, end] = rows; first < end; first += together) {
      const some: Span = [first, Math.min(first + together, end)];
      const classified: LogitBlock[] = [];
      for (const block of blocks) {
        const values = gatherBlocks([block], block.planes, some, width * features, everything);
        const data = await logitsOf(networks, values, settings);
        classified.push({ planes: block.planes, rows: some, data });
      }
      yield { planes, rows: some, blocks: classified };
    }
  }
}

/** Logits of lines of voxels. */
async function logitsOf(
  networks: readonly SegmentationNetwork[],
  values: Float32Array,
  { device, shape, planar, pieceBytes }: CellClassification,
): Promise<Float32Array> {
  const [, , width, features] = shape as readonly [number, number, number, number];
  const { classes } = networks[0]!.architecture;
  const lines = values.length / (width * features);
  const together = Math.min(lines, Math.max(1, Math.floor(pieceBytes / (4 * classes * width))));
  const read = (first: number, count: number): Promise<Float32Array> => {
    const part = values.subarray(first * width * features, (first + count) * width * features);
    const logits = noGrad(() =>
      tidy(() => {
        const x = fromArray(part, [...(planar ? [1] : [1, 1]), count, width, features], { device });
        return classifyJoined(networks, x);
      }),
    );
    const data = logits.data() as Promise<Float32Array>;
    logits.dispose();
    return data;
  };
  if (together === lines) return read(0, lines);
  const all = new Float32Array(lines * width * classes);
  for (let first = 0; first < lines; first += together)
    all.set(await read(first, Math.min(together, lines - first)), first * width * classes);
  return all;
}
