/** Windows and their mirrored copies in batches for the network: as many together as are asked for, copies of the same windows first. */
import { concat, flip, narrow, type Tensor, tidy } from '@voxelgrad/tensor';

/** Windows that go through the network together: more than one where all of their copies find room. */
export const windowsTogether = (batchSize: number, mirrorings: number): number =>
  Math.max(1, Math.floor(batchSize / mirrorings));

/** Mirrored copies of so many windows that go through the network together. */
export const copiesTogether = (batchSize: number, windows: number): number =>
  Math.max(1, Math.floor(batchSize / windows));

/** Mirrors `[n, …space, c]` along axes of space. */
export const mirror = (x: Tensor, axes: readonly number[]): Tensor =>
  axes.length === 0
    ? x
    : flip(
        x,
        axes.map((axis) => axis + 1),
      );

/** Runs a network on windows `[n, …space, c]` in each mirroring. `use` gets its result `[n, …space, values]`, still mirrored, and along what; it is freed after. */
export function predictMirrored(
  run: (x: Tensor) => Tensor,
  x: Tensor,
  mirrorings: readonly (readonly number[])[],
  batchSize: number,
  use: (logits: Tensor, axes: readonly number[]) => void,
): void {
  const windows = x.shape[0]!;
  const copies = copiesTogether(batchSize, windows);
  for (let first = 0; first < mirrorings.length; first += copies)
    tidy(() => {
      const some = mirrorings.slice(first, first + copies);
      const [single] = some;
      if (some.length === 1) return use(run(mirror(x, single!)), single!);
      const input = tidy(() =>
        concat(
          some.map((axes) => mirror(x, axes)),
          0,
        ),
      );
      const results = run(input);
      for (const [i, axes] of some.entries()) tidy(() => use(narrow(results, 0, i * windows, windows), axes));
    });
}
