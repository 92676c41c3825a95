/**
 * Looking inside: the environment variable VOXELGRAD_DEBUG (in a page, `globalThis.VOXELGRAD_DEBUG`) is a level.
 *
 *   1  a table of kernels when a device is closed: calls, time, GFLOP/s, GB/s
 *   2  choices as well: how each call of a kernel is computed (algorithm, tile, splits, what runs for it), what is made again instead of kept, and the
 *      memory of captured steps; each once
 *   3  the WGSL of each pipeline as well, and on the cpu each command
 */

interface Surroundings {
  readonly VOXELGRAD_DEBUG?: string | number;
  readonly process?: { readonly env?: Record<string, string | undefined> };
}

const surroundings = globalThis as unknown as Surroundings;

export const debugLevel = Number(surroundings.process?.env?.VOXELGRAD_DEBUG ?? surroundings.VOXELGRAD_DEBUG ?? 0) || 0;

/** Prints `text()` on standard error (a page's console) from this level on. */
export function debug(level: number, text: () => string): void {
  if (debugLevel >= level) console.error(text());
}

const told = new Set<string>();

/** Prints a choice at level 2, unless the same was printed before. */
export function debugChoice(text: () => string): void {
  if (debugLevel < 2) return;
  const choice = text();
  if (!told.has(choice)) console.error(choice);
  told.add(choice);
}
