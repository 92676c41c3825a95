/** How Winograd's kernels cut volumes into tiles, and the words that all of them take first (`TiledPair` in conv3d-winograd-tiles.as.ts). */
import type { CpuDevice } from '../../device/cpu/cpu-device.ts';
import type { Operand } from '../../device/device.ts';
import type { Triple } from '../../shape.ts';
import { allAre, type Conv3dSizes, inFours, volume } from './conv3d-sizes.cpu.ts';

/** Work area of the transforms of tiles, as the kernels have it. */
export const TILE_WORK_BYTES = 64 * (216 + 36 + 2);
/** What transforming the weights costs, in products of so many tiles. */
const WEIGHT_TILES = 10;
/** Winograd's method must need so many times fewer multiplications, with those of its transforms, to be worth its rounding. */
const LEAST_GAIN = 1.5;

/** Stride 1, 3×3×3 or 1×3×3, with channels and voxels enough to pay for the transforms. */
export function suitsWinograd(sizes: Conv3dSizes): boolean {
  const { kernel, inputChannels, outputChannels } = sizes;
  const shaped =
    (kernel[0] === 3 || kernel[0] === 1) &&
    kernel[1] === 3 &&
    kernel[2] === 3 &&
    allAre(sizes.stride, 1) &&
    allAre(sizes.dilation, 1) &&
    sizes.groups === 1 &&
    inputChannels % 4 === 0 &&
    outputChannels % 4 === 0 &&
    Math.min(inputChannels, outputChannels) >= 8;
  if (!shaped) return false;
  const { tiles, points } = new WinogradTiling(kernel[0], sizes.batch, sizes.output);
  const direct = volume(kernel) * sizes.batch * volume(sizes.output);
  return direct > LEAST_GAIN * points * (inFours(tiles) + WEIGHT_TILES);
}

/** A volume and its channels. */
export interface TiledOperand {
  readonly address: number;
  readonly extents: Triple;
  readonly channels: number;
}

/** What is read and what is written: the convolution's input and output, or the other way round if `transposed`. */
export function tiledOperands(
  device: CpuDevice,
  sizes: Conv3dSizes,
  source: Operand,
  target: Operand,
  transposed: boolean,
): { readonly from: TiledOperand; readonly to: TiledOperand } {
  const input = { extents: sizes.input, channels: sizes.inputChannels };
  const output = { extents: sizes.output, channels: sizes.outputChannels };
  const [from, to] = transposed ? [output, input] : [input, output];
  return {
    from: { ...from, address: device.address(source) },
    to: { ...to, address: device.address(target) },
  };
}

/** The least odd number of cache lines that holds so many bytes, in bytes, as the kernels compute it. */
export const oddLines = (bytes: number): number => Math.floor((bytes + 63) / 128) * 128 + 64;

/** How tiles lie. */
export interface Tiles {
  readonly batch: number;
  /** Tiles on each axis. */
  readonly counts: Triple;
  /** Results of a tile along depth: 1 where a kernel has two axes to transform along. */
  readonly tileDepth: number;
}

export class WinogradTiling implements Tiles {
  readonly counts: Triple;
  readonly batch: number;
  readonly tileDepth: number;
  readonly slices: number;
  readonly points: number;
  readonly tiles: number;

  constructor(kernelDepth: number, batch: number, results: Triple) {
    this.tileDepth = kernelDepth === 3 ? 4 : 1;
    this.slices = kernelDepth === 3 ? 6 : 1;
    this.points = 36 * this.slices;
    this.batch = batch;
    this.counts = [Math.ceil(results[0] / this.tileDepth), Math.ceil(results[1] / 4), Math.ceil(results[2] / 4)];
    this.tiles = batch * volume(this.counts);
  }

  /** Bytes of the transformed values of one tile. */
  tileBytes(channels: number): number {
    return 4 * this.points * channels;
  }

  /** Bytes from one point to the next, as the kernels compute them. */
  pointBytes(tiles: number, channels: number): number {
    return oddLines(4 * inFours(tiles) * channels);
  }

  /** Bytes of all points of `tiles` tiles. */
  transformedBytes(tiles: number, channels: number): number {
    return this.points * this.pointBytes(tiles, channels);
  }

  /** Runs of tiles of the same length, a multiple of 4, none longer than `most`. */
  runs(most: number): { readonly first: number; readonly tiles: number }[] {
    const count = Math.ceil(this.tiles / most);
    const length = inFours(this.tiles / count);
    const runs = [];
    for (let first = 0; first < this.tiles; first += length)
      runs.push({ first, tiles: Math.min(length, this.tiles - first) });
    return runs;
  }
}

/** A command over tiles: `words` follow those that all of Winograd's kernels take. */
export interface WinogradCommand {
  readonly kernel: string;
  readonly items: number;
  readonly scratchBytes: number;
  readonly first: number;
  readonly tiles: number;
  readonly tilesPerItem: number;
  readonly words: readonly number[];
}

/** Enqueues commands over the tiles of one pair of volumes. */
export function winogradCommands(
  device: CpuDevice,
  tiling: Tiles,
  from: TiledOperand,
  to: TiledOperand,
  padding: readonly number[],
): (command: WinogradCommand) => void {
  const pair = [
    ...[from.address, tiling.batch, ...from.extents, from.channels],
    ...[to.address, tiling.batch, ...to.extents, to.channels],
    ...[...tiling.counts, tiling.tileDepth, ...padding],
  ];
  return ({ kernel, items, scratchBytes, first, tiles, tilesPerItem, words }) => {
    const aligned = Math.ceil(scratchBytes / 64) * 64;
    const byItem = items < device.threads;
    const scratch = device.allocate(aligned * Math.min(items, device.threads));
    const shared = [device.addressOf(scratch), aligned, Number(byItem), first, tiles, tilesPerItem];
    device.enqueue(kernel, items, [...pair, ...shared, ...words]);
    device.free(scratch);
  };
}

/** Channels and tiles that an item of the transforms takes: about 512 channels together, or 64 of one tile where tiles are few. */
export function transformItems(tiles: number, channels: number) {
  const channelsPerItem = tiles < 64 ? Math.min(64, channels) : channels;
  const tilesPerItem = tiles < 64 ? 1 : Math.max(1, Math.floor(512 / channels));
  const items = Math.ceil(tiles / tilesPerItem) * Math.ceil(channels / channelsPerItem);
  return { channelsPerItem, tilesPerItem, items };
}
