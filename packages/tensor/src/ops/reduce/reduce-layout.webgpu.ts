/** How the 256 threads of a workgroup share the outputs and elements of a reduction of [outer, reduced, inner]. */

const INVOCATIONS = 256;
/** A vector unit's width: as many neighbouring outputs as are worth reading side by side. */
const WIDEST_COLUMNS = 32;
/** Elements that a thread adds up one after the other, for speed and for exactness: rounding errors grow with the length of a chain. */
const ELEMENTS_PER_THREAD = 64;

export interface ReduceLayout {
  /** Threads that share an output. 256 / rows neighbouring outputs have one workgroup. */
  readonly rows: number;
  /** Neighbouring threads are neighbours along the reduced axis. */
  readonly rowsNeighbour: boolean;
  /** Workgroups that cover all outputs. */
  readonly blocks: number;
  /** Elements that one workgroup reduces; the rest is left to further workgroups and a second step. */
  readonly chunk: number;
  readonly chunks: number;
}

const powerOfTwoFrom = (value: number): number => 2 ** Math.ceil(Math.log2(Math.max(1, value)));

/** Depends on the shape alone, so sums have the same order on every adapter. `oneStep`: the whole axis in one workgroup. */
export function layOutReduction(outer: number, reduced: number, inner: number, oneStep: boolean): ReduceLayout {
  const widest = INVOCATIONS / Math.min(WIDEST_COLUMNS, powerOfTwoFrom(inner));
  const rows = Math.min(widest, powerOfTwoFrom(reduced / 4));
  const columns = INVOCATIONS / rows;
  const longest = rows * ELEMENTS_PER_THREAD;
  const chunk = oneStep || reduced <= 2 * longest ? Math.max(1, reduced) : longest;
  return {
    rows,
    rowsNeighbour: inner < 8,
    blocks: Math.ceil((outer * inner) / columns),
    chunk,
    chunks: Math.max(1, Math.ceil(reduced / chunk)),
  };
}
