/**
 * Damaged files end in a typed error or in an image that fits them, never in anything else: whole files of every format, with bytes
 * changed, cut out, doubled or cut off, from one seed. Whatever a damaged header claims, no piece of memory is larger than twice what the file
 * really holds (TIFF and PNG, whose libraries take memory before they inflate: than what it could hold), and nothing takes more than two seconds.
 *
 * 100,000 files take some 40 s; `VOXELGRAD_FUZZ` is another number of them. `tools/parity/damaged-plans.test.ts` does the same to plans.
 */

// First, so that it watches what comes after it.
import './testing/count-allocations.ts';
import { VoxelgradError } from '@voxelgrad/tensor';
import { afterAll, describe, expect, it } from 'vitest';
import { readDatasetJson } from './dataset/dataset-json.ts';
import { type Image, voxelCount } from './image.ts';
import { hostRandom } from './phantom/random.ts';
import { readImage } from './read-image.ts';
import { type FileSource, sourceFromBytes } from './source.ts';
import { takeLargest } from './testing/count-allocations.ts';
import { damaged } from './testing/damage.ts';
import { fuzzTargets } from './testing/fuzz-targets.ts';

const total = Number(process.env.VOXELGRAD_FUZZ ?? 100_000);
const rounds = Math.ceil(total / (Object.keys(fuzzTargets).length + 1));
const bytesOf = (parts: Uint8Array[]): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.concat(parts));

/** A header is read before anything is known of the file: 540 bytes of NIfTI-2, and what small objects take. */
const headerBlocks = 2 ** 10;

/** Counts what streams give, which after inflating is more than what is stored. */
function counted(source: FileSource, count: (bytes: number) => void): FileSource {
  return {
    ...source,
    async *stream(options) {
      for await (const part of source.stream(options)) {
        count(part.length);
        yield part;
      }
    },
  };
}

async function outcome(source: FileSource): Promise<Image | undefined> {
  const { name } = source;
  try {
    return await readImage(source);
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
    async (name, { bytes: whole, beside, pack, forgiving = true, blocks = headerBlocks, claims = 2 }) => {
      const random = hostRandom(20261123, name.length, name.charCodeAt(0));
      const voxelsBeside = Object.values(beside ?? {}).reduce((sum, { length }) => sum + length, 0);
      let given = 0;
      const count = (length: number): void => {
        given += length;
      };
      const siblings = Object.entries(beside ?? {}).map(([other, bytes]) =>
        counted(sourceFromBytes(bytes, other), count),
      );
      const sourceOf = (bytes: Uint8Array<ArrayBuffer>): FileSource =>
        counted(sourceFromBytes(bytes, name, siblings), count);
      // Decoders are loaded, with their tables, when they are needed first.
      await readImage(sourceOf(pack === undefined ? whole : bytesOf([pack(whole)])));
      let readable = 0;
      for (let round = 0; round < rounds; round++) {
        const changed = damaged(whole, random);
        const bytes = pack === undefined ? changed : bytesOf([pack(changed)]);
        given = 0;
        const source = sourceOf(bytes);
        takeLargest();
        const before = cpuSeconds();
        const image = await outcome(source);
        const [seconds, array] = [cpuSeconds() - before, takeLargest()];
        [slowest, largest] = [Math.max(slowest, seconds), Math.max(largest, array)];
        expect(seconds).toBeLessThan(2);
        // What the file holds: as it is stored, as it inflates, and as an image, where a byte that is scaled becomes eight.
        const stored = bytes.length + voxelsBeside;
        const honest = Math.max(stored, given, image?.data.byteLength ?? 0);
        expect(array).toBeLessThanOrEqual(Math.max(blocks, 2 * honest, claims * stored));
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
      takeLargest();
      const before = cpuSeconds();
      const error: unknown = await readDatasetJson(source).then(
        () => undefined,
        (caught: unknown) => caught,
      );
      if (error === undefined) read++;
      else refused++;
      expect(cpuSeconds() - before).toBeLessThan(2);
      expect(takeLargest()).toBeLessThanOrEqual(Math.max(headerBlocks, 2 * source.size));
      if (error === undefined) continue;
      expect(error).toBeInstanceOf(VoxelgradError);
      expect(['format', 'file', 'dataset']).toContain((error as VoxelgradError).code);
    }
  });
});
