/**
 * Which candidate a product of a convolution (or a plain one) runs as where nothing was tuned: a table, of which the first rule that fits counts, by adapter.
 * The candidates that tuning chooses among are those that `suiting` lists.
 */
import { SOFTWARE_DRIVERS } from '../../device/webgpu/adapter.ts';
import type { DType } from '../../dtype.ts';
import {
  isRegisterName,
  REGISTER_VARIANTS,
  type RegisterName,
  type RegisterVariant,
  TILE_VARIANTS,
  type TileName,
  tileColumns,
  tileCount,
  tileThreads,
  tileWorkgroupBytes,
  type VariantName,
} from './conv3d.variants.ts';
import { isQuads } from './conv3d-parameters.webgpu.ts';

export type Direction = 'forward' | 'dataGradient' | 'weightGradient' | 'matmul';

/** What defaults go by. */
export interface ProductShape {
  readonly direction: Direction;
  /** Of the result: voxels by channels, or taps × input channels by output channels. */
  readonly rows: number;
  readonly columns: number;
  /** Of what is gathered. */
  readonly channels: number;
  /** What its tiles are kept as. */
  readonly staged: DType;
  /** Invocations of a subgroup, where the adapter has such and all have the same number. */
  readonly subgroup: number | undefined;
}

/** A rule of the table; what it leaves out, it does not ask for. */
interface Rule {
  readonly use: VariantName;
  /** Columns, at most. */
  readonly columns?: number;
  readonly leastColumns?: number;
  readonly leastChannels?: number;
  /** Rows, at most. */
  readonly rows?: number;
  /** Whether tiles of 64 columns would leave half of one unused. */
  readonly narrow?: boolean;
  /** Whether what is gathered comes in whole vec4: single elements take more registers. */
  readonly quads?: boolean;
  /** Whether both what is gathered and the columns come in whole vec4. */
  readonly wholeQuads?: boolean;
  readonly staged?: DType;
  /** Tiles of it, at least. */
  readonly tiles?: number;
}

interface Defaults {
  /** Among vendor, architecture and driver as WebGPU names them: 'amd rdna-2 …'. */
  readonly adapter: RegExp;
  readonly rules: Readonly<Record<Direction, readonly Rule[]>>;
}

/** Few columns: the widest tile that they fill, since rows are many. */
const FEW_COLUMNS: readonly Rule[] = [
  { columns: 8, use: '128x8' },
  { columns: 16, use: '128x16' },
];
const GATHERED_FEW_COLUMNS: readonly Rule[] = [
  { columns: 4, staged: 'f16', use: '256x4x16' },
  { columns: 4, use: '256x4' },
  ...FEW_COLUMNS,
  { quads: false, use: '64x32' },
];

/** Below so many workgroups a GPU of the larger kind has idle cores, and smaller tiles pay. */
const FEW_WORKGROUPS = 256;

const GATHERED: readonly Rule[] = [
  ...GATHERED_FEW_COLUMNS,
  { narrow: true, tiles: FEW_WORKGROUPS, use: '128x32' },
  { narrow: false, tiles: FEW_WORKGROUPS, use: '64x64' },
  { use: '32x32' },
];

const PRODUCTS_IN_REGISTERS: readonly Rule[] = [
  { wholeQuads: true, leastColumns: 24, use: 'registers 4x32 broadcast' },
  { wholeQuads: true, use: 'registers 8x16 broadcast' },
  { wholeQuads: true, use: 'registers 8x16' },
];
const WEIGHT_GRADIENTS_IN_REGISTERS: readonly Rule[] = [
  { wholeQuads: true, leastChannels: 16, leastColumns: 64, use: 'registers 32x8 broadcast' },
  { wholeQuads: true, leastChannels: 16, leastColumns: 32, use: 'registers 32x4 broadcast' },
  { wholeQuads: true, use: 'registers 8x8' },
];

const ANY = /(?:)/;

export const DEFAULTS: readonly Defaults[] = [
  {
    /**
     * Drivers that compute on the processor. A barrier cuts a shader into loops over the invocations of a workgroup, with all registers saved in between, and
     * workgroup memory is memory like any other. Mesa's reads storage one lane after the other, some hundred instructions for a vec4 of each: what a
     * subgroup needs is best fetched once. Measured 2026-11-28 on lavapipe, two cores of a busy Xeon, 32 → 32 at 16³, milliseconds of both processors: forward
     * 22.8 in registers 8x16 and 18.7 in 4x32 broadcast, data gradient 26.3 and 18.9; weight gradient 23.6 in registers 8x8, 11.9 in 32x4 broadcast.
     */
    adapter: SOFTWARE_DRIVERS,
    rules: {
      forward: [...PRODUCTS_IN_REGISTERS, ...GATHERED_FEW_COLUMNS, { use: '32x32' }],
      dataGradient: [...PRODUCTS_IN_REGISTERS, ...GATHERED_FEW_COLUMNS, { use: '32x32' }],
      weightGradient: [...WEIGHT_GRADIENTS_IN_REGISTERS, ...FEW_COLUMNS, { use: '32x32' }],
      matmul: [...GATHERED_FEW_COLUMNS, { narrow: true, tiles: 4, use: '128x32' }, { use: '32x32' }],
    },
  },
  {
    adapter: ANY,
    rules: {
      forward: GATHERED,
      dataGradient: GATHERED,
      matmul: GATHERED,
      // Many voxels: small tiles do not starve a GPU.
      weightGradient: [...FEW_COLUMNS, { rows: 32, use: '32x32' }, { narrow: true, use: '128x32' }, { use: '64x64' }],
    },
  },
];

const isNarrow = (columns: number): boolean => (64 - (columns % 64)) % 64 >= 32;

const isWhole = (product: ProductShape): boolean => isQuads(product.channels) && isQuads(product.columns);

const broadcasts = (name: VariantName): boolean => isRegisterName(name) && 'broadcast' in REGISTER_VARIANTS[name];

const fits = (rule: Rule, product: ProductShape): boolean => {
  const { rows, columns, channels, staged, subgroup } = product;
  return (
    columns <= (rule.columns ?? columns) &&
    columns >= (rule.leastColumns ?? columns) &&
    channels >= (rule.leastChannels ?? channels) &&
    rows <= (rule.rows ?? rows) &&
    (rule.narrow ?? isNarrow(columns)) === isNarrow(columns) &&
    (rule.quads ?? isQuads(channels)) === isQuads(channels) &&
    (rule.wholeQuads ?? isWhole(product)) === isWhole(product) &&
    (rule.staged ?? staged) === staged &&
    (!broadcasts(rule.use) || subgroup !== undefined) &&
    (isRegisterName(rule.use) || tileCount(TILE_VARIANTS[rule.use], rows, columns) >= (rule.tiles ?? 0))
  );
};

/** The default of an adapter, given by its description. Each list of rules ends in one that always fits. */
export function defaultVariant(product: ProductShape, adapter: string): VariantName {
  const { rules } = DEFAULTS.find((defaults) => defaults.adapter.test(adapter))!;
  return rules[product.direction].find((rule) => fits(rule, product))!.use;
}

export interface TileLimits {
  readonly maxComputeInvocationsPerWorkgroup: number;
  readonly maxComputeWorkgroupStorageSize: number;
}

/** The default of a plain matrix product, which only comes in tiles. */
export function defaultTile(product: ProductShape, adapter: string): TileName {
  const name = defaultVariant({ ...product, direction: 'matmul' }, adapter);
  if (isRegisterName(name)) throw new Error(`the table has ${name} for matmul`);
  return name;
}

/** The tiles worth measuring for a product: those that the adapter can run, and of which not more than half would be columns that are not there. */
export function suitingTiles({ columns, staged }: ProductShape, limits: TileLimits): TileName[] {
  const names = Object.keys(TILE_VARIANTS) as TileName[];
  return names.filter((name) => {
    const tile = TILE_VARIANTS[name];
    return (
      tileColumns(tile) < 2 * Math.max(4, columns) &&
      tileThreads(tile) <= limits.maxComputeInvocationsPerWorkgroup &&
      tileWorkgroupBytes(tile, staged) <= limits.maxComputeWorkgroupStorageSize
    );
  });
}

/** The candidates of a convolution. */
export function suiting(product: ProductShape, limits: TileLimits): VariantName[] {
  const registers = isWhole(product) ? (Object.keys(REGISTER_VARIANTS) as RegisterName[]) : [];
  const shared = product.direction === 'weightGradient' ? 'x' : 'weight';
  const runs = (name: RegisterName): boolean => {
    const { broadcast }: RegisterVariant = REGISTER_VARIANTS[name];
    return broadcast === undefined || (broadcast === shared && product.subgroup !== undefined);
  };
  return [...suitingTiles(product, limits), ...registers.filter(runs)];
}
