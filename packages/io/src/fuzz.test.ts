/**
 * Damaged files end in a typed error or in an image that fits them, never in anything else: whole files of every format, with bytes
 * changed, cut out, doubled or cut off, from one seed. What a damaged header claims costs no more memory than its file can hold, and no
 * more than two seconds.
 *
 * `VOXELGRAD_FUZZ=20000` damages that many files; without it, a share of them.
 */

// First, so that it watches what comes after it.
import './testing/count-allocations.ts';
import { VoxelgradError } from '@voxelgrad/tensor';
import { afterAll, describe, expect, it } from 'vitest';
import { readDatasetJson } from './dataset/dataset-json.ts';
import { type Image, voxelCount } from './image.ts';
import { hostRandom } from './phantom/random.ts';
import { readImage } from './read-image.ts';
import { sourceFromBytes } from './source.ts';
import { takeLargest } from './testing/count-allocations.ts';
import { damaged } from './testing/damage.ts';
import { type FuzzTarget, fuzzTargets } from './testing/fuzz-targets.ts';

const total = Number(process.env.VOXELGRAD_FUZZ ?? 3600);
const rounds = Math.ceil(total / (Object.keys(fuzzTargets).length + 1));
const bytesOf = (parts: Uint8Array[]): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.concat(parts));

/** Inflating and the libraries take blocks of fixed sizes; the files here are far smaller. */
const harmlessBytes = 2 ** 18;

async function outcome(
  bytes: Uint8Array<ArrayBuffer>,
  name: string,
  beside: FuzzTarget['beside'] = {},
): Promise<Image | undefined> {
  const siblings = Object.entries(beside).map(([other, whole]) => sourceFromBytes(whole, other));
  try {
    return await readImage(sourceFromBytes(bytes, name, siblings));
  } catch (error) {
    if (!(error instanceof VoxelgradError)) throw error;
    expect(['format', 'file', 'dataset']).toContain(error.code);
    expect(error.message).toContain(name.slice(0, 3));
    return undefined;
  }
}

/** Seconds of this process's cores, so that a busy machine is no hang. */
const cpuSeconds = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

describe('damaged files', () => {
  let [read, refused, slowest, largest] = [0, 0, 0, 0];
  afterAll(() => {
    const figures = `${read} read, ${refused} refused; the slowest took ${slowest.toFixed(3)} s of CPU, the largest array ${largest} bytes`;
    console.info(`damaged files: ${figures}`);
  });

  it.each(Object.entries(fuzzTargets))(
    '%s',
    { timeout: 600_000 },
    async (name, { bytes: whole, beside, pack, forgiving = true }) => {
      const random = hostRandom(20261123, name.length, name.charCodeAt(0));
      const voxelsBeside = Object.values(beside ?? {}).reduce((sum, { length }) => sum + length, 0);
      let readable = 0;
      for (let round = 0; round < rounds; round++) {
        const changed = damaged(whole, random);
        const bytes = pack === undefined ? changed : bytesOf([pack(changed)]);
        takeLargest();
        const before = cpuSeconds();
        const image = await outcome(bytes, name, beside);
        const [seconds, array] = [cpuSeconds() - before, takeLargest()];
        [slowest, largest] = [Math.max(slowest, seconds), Math.max(largest, array)];
        expect(seconds).toBeLessThan(2);
        // A byte of a file that is scaled becomes eight in memory.
        const stored = Math.max(changed.length, whole.length) + voxelsBeside;
        expect(array).toBeLessThanOrEqual(Math.max(harmlessBytes, 2 * 8 * stored));
        if (image === undefined) continue;
        readable++;
        expect(image.data.length).toBe(voxelCount(image.shape));
        expect(image.affine.every(Number.isFinite) && image.spacing.every(Number.isFinite)).toBe(true);
      }
      [read, refused] = [read + readable, refused + rounds - readable];
      // Both ends of the bargain are met: some files are past reading, some are not.
      expect(readable).toBeLessThan(rounds);
      if (forgiving) expect(readable).toBeGreaterThan(0);
    },
  );

  it('dataset.json', { timeout: 600_000 }, async () => {
    const json = {
      channel_names: { 0: 'T1', 1: 'T2' },
      labels: { background: 0, whole: [1, 2], core: [2] },
      regions_class_order: [1, 2],
      numTraining: 3,
      dataset: { a: { images: ['x', 'y'], label: 'z' } },
    };
    const text = new Uint8Array(new TextEncoder().encode(JSON.stringify(json)));
    const random = hostRandom(1, 2, 3);
    for (let round = 0; round < rounds; round++) {
      const source = sourceFromBytes(damaged(text, random), 'dataset.json');
      const before = cpuSeconds();
      const error: unknown = await readDatasetJson(source).then(
        () => undefined,
        (caught: unknown) => caught,
      );
      if (error === undefined) read++;
      else refused++;
      expect(cpuSeconds() - before).toBeLessThan(2);
      if (error === undefined) continue;
      expect(error).toBeInstanceOf(VoxelgradError);
      expect(['format', 'file', 'dataset']).toContain((error as VoxelgradError).code);
    }
  });
});
