/**
 * The golden numbers of nnU-Net's own transforms, where this checkout has them beside it (`../shared/fixtures/augmentation`). For tests only.
 */
import { existsSync, readFileSync } from 'node:fs';
import { readSafetensors, type SafetensorsEntry } from '@voxelgrad/nn';
import { type Device, fromArray, type Tensor, type Triple } from '@voxelgrad/tensor';

const folder = new URL('../../../../../shared/fixtures/augmentation/', import.meta.url);

/** What tests that need them are lacking, where they are missing. */
export const missingFixtures = existsSync(new URL('index.json', folder))
  ? undefined
  : "golden numbers of 'augmentation': no ../shared/fixtures beside the repository";

export interface AugmentationCase {
  readonly name: string;
  readonly operation: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly tolerance: Readonly<Record<string, number>>;
  readonly tensors: ReadonlyMap<string, SafetensorsEntry>;
}

interface IndexEntry {
  readonly name: string;
  readonly op: string;
  readonly attrs: Record<string, unknown>;
  readonly tolerance: Record<string, number>;
  readonly file?: string;
}

const entries: readonly IndexEntry[] =
  missingFixtures !== undefined
    ? []
    : (JSON.parse(readFileSync(new URL('index.json', folder), 'utf8')) as { cases: IndexEntry[] }).cases;

export function augmentationCase(name: string): AugmentationCase {
  const entry = entries.find((candidate) => candidate.name === name);
  if (entry === undefined) throw new Error(`there is no case ${name} in ${folder.pathname}`);
  return {
    name,
    operation: entry.op,
    attributes: entry.attrs,
    tolerance: entry.tolerance,
    tensors: entry.file === undefined ? new Map() : readSafetensors(readFileSync(new URL(entry.file, folder))),
  };
}

/** Names of the cases of one transform. */
export const casesOf = (operation: string): string[] =>
  entries.filter((entry) => entry.op === operation).map((entry) => entry.name);

/** Values in the order `[1, d, h, w, c]`, from `[c, d, h, w]` or `[c, h, w]`, which gets depth 1. */
export interface ChannelsLast {
  readonly values: Float32Array;
  /** Depth, height, width. */
  readonly space: Triple;
  readonly channels: number;
}

export function channelsLast(tensors: AugmentationCase['tensors'], name: string): ChannelsLast {
  const entry = tensors.get(name);
  if (entry === undefined || entry.dtype === 'I64') throw new Error(`there is no tensor ${name}`);
  const [channels = 0, ...rest] = entry.shape;
  const space = (rest.length === 2 ? [1, ...rest] : rest) as unknown as Triple;
  const voxels = entry.data.length / channels;
  const values = Float32Array.from(
    { length: entry.data.length },
    (_, i) => entry.data[(i % channels) * voxels + Math.floor(i / channels)]!,
  );
  return { values, space, channels };
}

/** An image `[1, d, h, w, c]` of a case on a device. */
export function imageOf(tensors: AugmentationCase['tensors'], name: string, device: Device): Tensor {
  const { values, space, channels } = channelsLast(tensors, name);
  return fromArray(values, [1, ...space, channels], { device });
}

/** Labels `[1, d, h, w]` of a case, from one channel of its segmentation. */
export function labelOf(tensors: AugmentationCase['tensors'], name: string, device: Device, channel = 0): Tensor {
  const { values, space, channels } = channelsLast(tensors, name);
  const label = Int32Array.from({ length: values.length / channels }, (_, i) => values[i * channels + channel]!);
  return fromArray(label, [1, ...space], { device });
}
