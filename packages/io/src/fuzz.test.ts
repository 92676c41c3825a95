/**
 * Damaged files end in a typed error or in an image that fits them, never in anything else: whole files of every format, with bytes
 * changed, cut out, doubled or cut off, from one seed. What a damaged header may claim is bounded by what its file can hold.
 */
import { deflateSync, gzipSync } from 'node:zlib';
import { VoxelgradError } from '@voxelgrad/tensor';
import { describe, expect, it } from 'vitest';
import { readDatasetJson } from './dataset/dataset-json.ts';
import { type Image, voxelCount } from './image.ts';
import { encodeMetaImage } from './metaimage/write.ts';
import { encodeNifti } from './nifti/write.ts';
import { encodeNrrd } from './nrrd/write.ts';
import { type HostRandom, hostRandom } from './phantom/random.ts';
import { readImage } from './read-image.ts';
import { sourceFromBytes } from './source.ts';
import { countingImage } from './testing/images.ts';

const rounds = 400;
const image = countingImage([4, 5, 6]);
const bytesOf = (parts: Uint8Array[]): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.concat(parts));

interface Target {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Done to the damaged bytes. */
  readonly pack?: (bytes: Uint8Array) => Uint8Array;
  /** False where a checksum lets hardly any damage through. */
  readonly forgiving?: boolean;
}

const targets: Record<string, Target> = {
  'one.nii': { bytes: encodeNifti(image) },
  'two.nii': { bytes: encodeNifti(countingImage([1, 1, 32768])) },
  'inside.nii.gz': { bytes: encodeNifti(image), pack: gzipSync },
  'outside.nii.gz': { bytes: bytesOf([gzipSync(encodeNifti(image))]), forgiving: false },
  'one.nrrd': { bytes: bytesOf(await encodeNrrd(image, { compress: async (bytes) => gzipSync(bytes) })) },
  'raw.nrrd': { bytes: bytesOf(await encodeNrrd(image)) },
  'one.mha': { bytes: bytesOf(await encodeMetaImage(image, { compress: async (bytes) => deflateSync(bytes) })) },
  'raw.mha': { bytes: bytesOf(await encodeMetaImage(image)) },
};

/** One to eight changes; most of them in the first 600 bytes, where headers are. */
function damaged(bytes: Uint8Array<ArrayBuffer>, random: HostRandom): Uint8Array<ArrayBuffer> {
  let result = bytes.slice();
  for (let changes = 1 + random.index(8); changes > 0 && result.length > 1; changes--) {
    const at = random.index(random.uniform() < 0.8 ? Math.min(600, result.length) : result.length);
    const kind = random.index(8);
    if (kind < 3) result[at] = random.index(256);
    else if (kind < 5) result[at]! ^= 1 << random.index(8);
    else if (kind === 5) result.fill([0, 255, 127][random.index(3)]!, at, at + 1 + random.index(8));
    else if (kind === 6) result = bytesOf([result.subarray(0, at), result.subarray(at + 1 + random.index(16))]);
    else result = random.uniform() < 0.5 ? result.slice(0, at) : bytesOf([result.subarray(0, at), result]);
  }
  return result;
}

async function outcome(bytes: Uint8Array<ArrayBuffer>, name: string): Promise<Image | undefined> {
  try {
    return await readImage(sourceFromBytes(bytes, name));
  } catch (error) {
    if (!(error instanceof VoxelgradError)) throw error;
    expect(['format', 'file']).toContain(error.code);
    expect(error.message).toContain(name.slice(0, 3));
    return undefined;
  }
}

describe('damaged files', () => {
  it.each(Object.entries(targets))('%s', async (name, { bytes: whole, pack, forgiving = true }) => {
    const random = hostRandom(20261123, name.length, name.charCodeAt(0));
    let readable = 0;
    for (let round = 0; round < rounds; round++) {
      const changed = damaged(whole, random);
      const bytes = pack === undefined ? changed : bytesOf([pack(changed)]);
      const read = await outcome(bytes, name);
      if (read === undefined) continue;
      readable++;
      expect(read.data.length).toBe(voxelCount(read.shape));
      expect(read.affine.every(Number.isFinite) && read.spacing.every(Number.isFinite)).toBe(true);
      // 1032 is the most that deflate can do; scaled voxels grow from one byte to eight.
      expect(read.data.byteLength).toBeLessThanOrEqual(bytes.length * 1032 * 8);
    }
    // Both ends of the bargain are met: some files are past reading, some are not.
    expect(readable).toBeLessThan(rounds);
    if (forgiving) expect(readable).toBeGreaterThan(0);
  });

  it('dataset.json', async () => {
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
      const error: unknown = await readDatasetJson(source).then(
        () => undefined,
        (caught: unknown) => caught,
      );
      if (error !== undefined) expect(error).toBeInstanceOf(VoxelgradError);
    }
  });
});
