/**
 * The candidates that the WebGPU convolutions (and matrix products) are compiled as; conv3d.defaults.ts says which is taken. In a tile shape a
 * workgroup computes a tile of `threadsM · resultsM` rows by `threadsN · resultsN` columns in slices of `tileK`; each thread keeps
 * `resultsM × resultsN` sums in registers.
 *
 * All but the widest double-buffered one fit WebGPU's default limits: 256 invocations and 16 KiB of workgroup memory.
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
  /** Keeps two of each tile, which slices take in turn: one barrier a slice instead of two, twice the workgroup memory, so fewer waves at once. */
  readonly doubleBuffered?: boolean;
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
  '64x64 double': {
    name: '64x64 double',
    tileK: 16,
    threadsM: 8,
    threadsN: 8,
    resultsM: 8,
    resultsN: 8,
    prefetch: true,
    doubleBuffered: true,
  },
  '128x32 double': {
    name: '128x32 double',
    tileK: 8,
    threadsM: 16,
    threadsN: 4,
    resultsM: 8,
    resultsN: 8,
    prefetch: true,
    doubleBuffered: true,
  },
  '32x32 double': {
    name: '32x32 double',
    tileK: 16,
    threadsM: 8,
    threadsN: 8,
    resultsM: 4,
    resultsN: 4,
    prefetch: true,
    doubleBuffered: true,
  },
} as const satisfies Readonly<Record<string, TileVariant>>;

export type TileName = keyof typeof TILE_VARIANTS;

/** What the convolutions without workgroup memory keep in an invocation's registers: `rows` by `4 · quads` results. Channels must be multiples of 4. */
export interface RegisterVariant {
  readonly rows: number;
  readonly quads: number;
  /** What the invocations of a subgroup fetch together, each a part: the weight, or, for the weight gradient, x. */
  readonly broadcast?: 'weight' | 'x';
}

export const REGISTER_VARIANTS = {
  'registers 8x16': { rows: 8, quads: 4 },
  'registers 8x8': { rows: 8, quads: 2 },
  'registers 8x16 broadcast': { rows: 8, quads: 4, broadcast: 'weight' },
  'registers 4x32 broadcast': { rows: 4, quads: 8, broadcast: 'weight' },
  'registers 32x4 broadcast': { rows: 32, quads: 1, broadcast: 'x' },
  'registers 32x8 broadcast': { rows: 32, quads: 2, broadcast: 'x' },
} as const satisfies Readonly<Record<string, RegisterVariant>>;

/** Tiles that subgroup matrices multiply: see conv3d.matrices.ts. A thread takes `resultsM × resultsN` of the sums at the end. */
export const MATRIX_VARIANTS = {
  'matrices 64x32': {
    name: 'matrices 64x32',
    tileK: 16,
    threadsM: 16,
    threadsN: 8,
    resultsM: 4,
    resultsN: 4,
    prefetch: true,
    doubleBuffered: true,
  },
  'matrices 64x64': {
    name: 'matrices 64x64',
    tileK: 16,
    threadsM: 16,
    threadsN: 8,
    resultsM: 4,
    resultsN: 8,
    prefetch: true,
    doubleBuffered: true,
  },
} as const satisfies Readonly<Record<string, TileVariant>>;

export type MatrixName = keyof typeof MATRIX_VARIANTS;
export type RegisterName = keyof typeof REGISTER_VARIANTS;
/** Anything that a convolution can run as. */
export type VariantName = TileName | RegisterName;

export const isMatrixName = (name: string): name is MatrixName => name in MATRIX_VARIANTS;
export const isRegisterName = (name: string): name is RegisterName => name in REGISTER_VARIANTS;

/** The tile that results are cut into; undefined for what has none. */
export const tileOf = (name: VariantName | MatrixName): TileVariant | undefined =>
  isMatrixName(name) ? MATRIX_VARIANTS[name] : isRegisterName(name) ? undefined : TILE_VARIANTS[name];

export const tileThreads = (tile: TileVariant): number => tile.threadsM * tile.threadsN;
export const tileRows = (tile: TileVariant): number => tile.threadsM * tile.resultsM;
export const tileColumns = (tile: TileVariant): number => tile.threadsN * tile.resultsN;

/** Workgroup memory that lists of taps and voxels take beside the tiles, at most. */
const LIST_BYTES = 2560;
/** What a thread has in workgroup memory to tell others its part of the moments, where tiles are too coarse for it. */
const PART_BYTES = 16;

/** Workgroup memory of any shader that is compiled in this shape: padding, lists and parts included. */
export const tileWorkgroupBytes = (tile: TileVariant, staged: DType): number =>
  (tile.doubleBuffered ? 2 : 1) *
    (staged === 'f16' ? 8 : 16) *
    tile.tileK *
    (tileRows(tile) / 4 + 1 + tileColumns(tile) / 4 + 1) +
  LIST_BYTES +
  (staged === 'f16' ? PART_BYTES * tileThreads(tile) : 0);

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
  doubleBuffered = false,
}: TileVariant): Record<string, number | boolean> => ({
  TILE_K: tileK,
  THREADS_M: threadsM,
  THREADS_N: threadsN,
  RESULTS_M: resultsM,
  RESULTS_N: resultsN,
  DOUBLE_BUFFERED: doubleBuffered,
});

/** Tiles of a product of `rows × columns`. */
export const tileCount = (tile: TileVariant, rows: number, columns: number): number =>
  Math.ceil(rows / tileRows(tile)) * Math.ceil(columns / tileColumns(tile));
