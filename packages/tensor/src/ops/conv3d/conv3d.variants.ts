/**
 * The tile shapes that the WebGPU convolutions (and matrix products) are compiled in, and which is taken by default. A workgroup computes a tile of
 * `threadsM · resultsM` rows by `threadsN · resultsN` columns in slices of `tileK`; each thread keeps `resultsM × resultsN` sums in registers.
 *
 * All fit WebGPU's default limits: 256 invocations and 16 KiB of workgroup memory.
 */
import type { DType } from '../../dtype.ts';

export interface TileVariant {
  readonly name: string;
  readonly tileK: number;
  readonly threadsM: number;
  readonly threadsN: number;
  readonly resultsM: number;
  readonly resultsN: number;
  /**
   * Fetches a slice into registers while the one before it is multiplied: where as many waves fit as without, or a GPU has few workgroups to
   * switch between. Not where one thread has a row alone.
   */
  readonly prefetch: boolean;
}

export const TILE_VARIANTS = {
  '128x128': { name: '128x128', tileK: 8, threadsM: 16, threadsN: 16, resultsM: 8, resultsN: 8, prefetch: true },
  '64x64': { name: '64x64', tileK: 16, threadsM: 8, threadsN: 8, resultsM: 8, resultsN: 8, prefetch: true },
  '128x32': { name: '128x32', tileK: 8, threadsM: 16, threadsN: 4, resultsM: 8, resultsN: 8, prefetch: false },
  '64x32': { name: '64x32', tileK: 16, threadsM: 8, threadsN: 8, resultsM: 8, resultsN: 4, prefetch: false },
  '32x32': { name: '32x32', tileK: 16, threadsM: 8, threadsN: 8, resultsM: 4, resultsN: 4, prefetch: true },
  '128x16': { name: '128x16', tileK: 8, threadsM: 32, threadsN: 2, resultsM: 4, resultsN: 8, prefetch: false },
  '128x8': { name: '128x8', tileK: 8, threadsM: 32, threadsN: 2, resultsM: 4, resultsN: 4, prefetch: false },
  '256x4x16': {
    name: '256x4x16',
    tileK: 16,
    threadsM: 64,
    threadsN: 1,
    resultsM: 4,
    resultsN: 4,
    prefetch: false,
  },
  '256x4': { name: '256x4', tileK: 8, threadsM: 64, threadsN: 1, resultsM: 4, resultsN: 4, prefetch: false },
} as const satisfies Readonly<Record<string, TileVariant>>;

export type TileName = keyof typeof TILE_VARIANTS;

export const tileRows = (tile: TileVariant): number => tile.threadsM * tile.resultsM;
export const tileColumns = (tile: TileVariant): number => tile.threadsN * tile.resultsN;

/** GPUs whose fused multiply-add takes f16 operands only if its sum is f16 too, so that each operand would be converted at each use. */
const CONVERTING_VENDORS: readonly string[] = ['nvidia', 'intel'];

/**
 * What the tiles of f16 operands are kept as: f16, which halves the workgroup memory they take and read (AMD's v_fma_mix_f32 and Apple's
 * instructions take it as it is), or f32, converted once when a tile is filled. `vendor` as WebGPU names it.
 */
export const stagedType = (dtype: DType, vendor: string): DType =>
  dtype === 'f16' && CONVERTING_VENDORS.includes(vendor) ? 'f32' : dtype;

/** The constants that gemm/multiply.wgsl wants. */
export const tileConstants = ({
  tileK,
  threadsM,
  threadsN,
  resultsM,
  resultsN,
}: TileVariant): Record<string, number> => ({
  TILE_K: tileK,
  THREADS_M: threadsM,
  THREADS_N: threadsN,
  RESULTS_M: resultsM,
  RESULTS_N: resultsN,
});

/** Tiles of a product of `rows × columns`. */
export const tileCount = (tile: TileVariant, rows: number, columns: number): number =>
  Math.ceil(rows / tileRows(tile)) * Math.ceil(columns / tileColumns(tile));

/** Below this, a GPU of the larger kind has idle cores, and smaller tiles pay. */
const FEW_WORKGROUPS = 256;
/**
 * A driver that computes on the processor has few cores. Measured on lavapipe, 32 → 32 at 16³ voxels, two 2.4 GHz Zen 3 cores, 2026-11-23, GFLOP/s
 * with 128x32 and 32x32: forward 8.9 and 5.4, data gradient 2.2 and 5.2, weight gradient 1.5 and 4.0.
 */
const FEW_SOFTWARE_WORKGROUPS = { forward: 4, dataGradient: Number.POSITIVE_INFINITY };

export interface Gathered {
  /** Whether it comes in whole vec4: single elements take more registers. */
  readonly quads: boolean;
  /** What its tiles are kept as. */
  readonly staged: DType;
  /** Whether the adapter computes on the processor. */
  readonly software: boolean;
  readonly direction?: 'forward' | 'dataGradient';
}

/**
 * The default for a product of `rows × columns`: the widest tile that the columns fill, since rows (voxels) are many; small tiles where there
 * would be too few workgroups.
 */
export function defaultTile(
  rows: number,
  columns: number,
  { quads, staged, software, direction = 'forward' }: Gathered,
): TileVariant {
  const { '64x64': wide, '128x32': narrow, '32x32': small } = TILE_VARIANTS;
  if (columns <= 4) return TILE_VARIANTS[staged === 'f16' ? '256x4x16' : '256x4'];
  if (columns <= 8) return TILE_VARIANTS['128x8'];
  if (columns <= 16) return TILE_VARIANTS['128x16'];
  if (!quads) return TILE_VARIANTS['64x32'];
  const wasted = (64 - (columns % 64)) % 64;
  const tile = wasted >= 32 ? narrow : wide;
  const few = software ? FEW_SOFTWARE_WORKGROUPS[direction] : FEW_WORKGROUPS;
  return tileCount(tile, rows, columns) < few ? small : tile;
}

/** The default for a weight gradient of `rows` (taps × input channels) by `columns`: many voxels, small tiles do not starve a GPU. */
export function defaultWeightGradientTile(rows: number, columns: number, software: boolean): TileVariant {
  if (columns <= 8) return TILE_VARIANTS['128x8'];
  if (columns <= 16) return TILE_VARIANTS['128x16'];
  const { '64x64': wide, '128x32': narrow, '32x32': small } = TILE_VARIANTS;
  if (rows <= 32 || software) return small;
  return (64 - (columns % 64)) % 64 >= 32 ? narrow : wide;
}
