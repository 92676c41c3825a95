/** What to tell those whose Node computes slower on the CPU than a newer one would. */
import type { Device } from '@voxelgrad/tensor';

/** The first whose convolutions get wide vectors on x64 (wide-simd.ts of the engine), and the one to recommend. */
const WIDE_SINCE = 22;
const RECOMMENDED = 24;

/** A line for people to read; undefined where there is nothing to gain. */
export function newerNodeHelp(
  { kind }: Pick<Device, 'kind'>,
  { version, arch }: Pick<NodeJS.Process, 'version' | 'arch'>,
): string | undefined {
  if (kind !== 'cpu' || arch !== 'x64' || Number.parseInt(version.slice(1), 10) >= WIDE_SINCE) return undefined;
  return `Node ${RECOMMENDED} would be faster here than ${version}: its convolutions compute in vectors twice as wide, with the same numbers`;
}
