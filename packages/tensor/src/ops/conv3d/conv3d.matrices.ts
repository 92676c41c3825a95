/**
 * Subgroup matrices: what WebGPU calls the tensor cores of NVIDIA and the XMX of Intel, an experiment of Dawn's (chromium_experimental_subgroup_matrix). An
 * adapter lists the sizes that it multiplies; of these, f16 with sums in f32 will do. No default takes them: they are candidates for `tune`, which checks the
 * numbers on the adapter first.
 */
import {
  MATRIX_VARIANTS,
  type MatrixName,
  type TileVariant,
  tileColumns,
  tileRows,
  tileThreads,
} from './conv3d.variants.ts';

/** One of the configurations that an adapter lists. */
export interface MatrixConfiguration {
  readonly componentType: string;
  readonly resultComponentType: string;
  readonly M: number;
  readonly N: number;
  readonly K: number;
}

/** What of an adapter's info is about subgroups. */
export interface SubgroupInfo {
  readonly subgroupMinSize?: number;
  readonly subgroupMaxSize?: number;
  readonly subgroupMatrixConfigs?: readonly MatrixConfiguration[];
}

/** A size of matrices, and how many invocations hold one. */
export interface MatrixSize {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly subgroup: number;
}

/** Bytes that a variant takes besides lists: both tiles twice in f16, and its sums. */
const workgroupBytes = (tile: TileVariant): number =>
  2 * 2 * tile.tileK * (tileRows(tile) + tileColumns(tile)) + 4 * tileRows(tile) * tileColumns(tile) + 512;

/** The size that the variant's tile can be cut into on this adapter, the largest if there are several; undefined where there is none. */
export function matrixSizeFor(name: MatrixName, info: SubgroupInfo): MatrixSize | undefined {
  const { subgroupMinSize = 0, subgroupMaxSize = 0, subgroupMatrixConfigs = [] } = info;
  const tile = MATRIX_VARIANTS[name];
  // Where a subgroup's size is the driver's choice, which rows are whose is not known.
  if (subgroupMaxSize === 0 || subgroupMinSize !== subgroupMaxSize || tileThreads(tile) % subgroupMaxSize > 0)
    return undefined;
  const subgroups = tileThreads(tile) / subgroupMaxSize;
  return subgroupMatrixConfigs
    .filter(({ componentType, resultComponentType }) => componentType === 'f16' && resultComponentType === 'f32')
    .filter(
      ({ M, N, K }) => tileRows(tile) % (M * subgroups) === 0 && tileColumns(tile) % N === 0 && tile.tileK % K === 0,
    )
    .map(({ M, N, K }) => ({ m: M, n: N, k: K, subgroup: subgroupMaxSize }))
    .sort((a, b) => b.m * b.n * b.k - a.m * a.n * a.k)[0];
}

/** The variants that an adapter can run; for a product of f16 with so many columns those of which not more than half would be columns that are not there. */
export function suitingMatrices(columns: number, info: SubgroupInfo, workgroupLimit: number): MatrixName[] {
  return (Object.keys(MATRIX_VARIANTS) as MatrixName[]).filter(
    (name) =>
      matrixSizeFor(name, info) !== undefined &&
      tileColumns(MATRIX_VARIANTS[name]) < 2 * columns &&
      workgroupBytes(MATRIX_VARIANTS[name]) <= workgroupLimit,
  );
}
