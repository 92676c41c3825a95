/** Gzip of several members from a Blob, as pages have files, against Node's zlib. */
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { encodeNifti } from './nifti/write.ts';
import { hostRandom } from './phantom/random.ts';
import { readImage } from './read-image.ts';
import { sourceFromBytes } from './source.ts';
import { countingImage } from './testing/images.ts';

async function unpacked(bytes: Uint8Array): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of sourceFromBytes(new Uint8Array(bytes), 'a.gz').stream({ decompress: 'gzip' }))
    parts.push(part.slice());
  return Buffer.concat(parts);
}

const random = hostRandom(1, 2, 3);
const noise = Uint8Array.from({ length: 200_000 }, () => random.index(50));
const membersOf = (...ends: number[]): Buffer[] =>
  ends.map((end, i) => gzipSync(noise.subarray(i === 0 ? 0 : ends[i - 1], end)));

it.each([
  ['one member', [200_000]],
  ['two', [70_000, 200_000]],
  ['an empty one, as bgzip ends files', [100_000, 200_000, 200_000]],
  ['many small ones', Array.from({ length: 200 }, (_, i) => (i + 1) * 1000)],
])('reads %s', async (_, ends) => {
  expect(await unpacked(Buffer.concat(membersOf(...ends)))).toEqual(Buffer.from(noise));
});

it('reads an image whose members part it anywhere', async () => {
  const image = countingImage([4, 5, 6]);
  const bytes = encodeNifti(image);
  const packed = Buffer.concat([gzipSync(bytes.subarray(0, 351)), gzipSync(bytes.subarray(351))]);
  const read = await readImage(sourceFromBytes(new Uint8Array(packed), 'a.nii.gz'));
  expect(read.data).toEqual(image.data);
});

it('names the file where a member is cut off, has another checksum, or something else follows', async () => {
  const [first, second] = membersOf(70_000, 200_000) as [Buffer, Buffer];
  const wrong = Buffer.from(second);
  wrong[wrong.length - 6]! ^= 1;
  for (const broken of [
    Buffer.concat([first, second.subarray(0, -3)]),
    Buffer.concat([first, second.subarray(0, 900)]),
    Buffer.concat([first, wrong]),
    Buffer.concat([first, second, Buffer.from('junk')]),
    Buffer.concat([wrong, first]),
    wrong,
  ])
    await expect(unpacked(broken)).rejects.toThrow(/a\.gz: expected whole gzip data/);
});
