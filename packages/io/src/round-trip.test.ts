/** Every format that is written, there and back: the same voxels bit for bit, the same spacing, origin and direction. */
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Affine, affineFromColumns, affineSpacing, type Vector3 } from './affine.ts';
import { type Image, type VoxelArray, voxelCount } from './image.ts';
import { encodeMetaImage } from './metaimage/write.ts';
import { encodeNifti } from './nifti/write.ts';
import { encodeNrrd } from './nrrd/write.ts';
import { readImage } from './read-image.ts';
import { sourceFromBytes } from './source.ts';

const whole = (parts: Uint8Array[]): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.concat(parts));
const read = (bytes: Uint8Array<ArrayBuffer>, name: string) => readImage(sourceFromBytes(bytes, name));

const types = [
  Int8Array,
  Uint8Array,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
] as const;
const step = fc.double({ min: 0.05, max: 9, noNaN: true });
const angle = fc.double({ min: -Math.PI, max: Math.PI, noNaN: true });
const place = fc.double({ min: -900, max: 900, noNaN: true }).map((value) => value + 0);

/** A rotation about z, then y, then x; some axes mirrored; the columns scaled; no −0, which formats do not tell from 0. */
function affineOf([a, b, c]: Vector3, spacing: Vector3, origin: Vector3, mirrored: readonly boolean[]): Affine {
  const [ca, sa, cb, sb, cc, sc] = [a, b, c].flatMap((t) => [Math.cos(t), Math.sin(t)]) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const columns: Vector3[] = [
    [ca * cb, sa * cb, -sb],
    [ca * sb * sc - sa * cc, sa * sb * sc + ca * cc, cb * sc],
    [ca * sb * cc + sa * sc, sa * sb * cc - ca * sc, cb * cc],
  ];
  const scaled = columns.map(
    (column, i) => column.map((v) => (mirrored[i] ? -v : v) * spacing[i]! + 0) as unknown as Vector3,
  );
  return affineFromColumns(scaled[0]!, scaled[1]!, scaled[2]!, origin);
}

const images = fc
  .record({
    Type: fc.constantFrom(...types),
    shape: fc.oneof(fc.tuple(edge(), edge(), edge()), fc.tuple(fc.integer({ min: 2, max: 3 }), edge(), edge(), edge())),
    angles: fc.tuple(angle, angle, angle),
    spacing: fc.tuple(step, step, step),
    origin: fc.tuple(place, place, place),
    mirrored: fc.tuple(fc.boolean(), fc.boolean(), fc.boolean()),
    seed: fc.integer(),
  })
  .map(({ Type, shape, angles, spacing, origin, mirrored, seed }): Image => {
    const affine = affineOf(angles, spacing, origin, mirrored);
    return { shape, data: voxels(Type, voxelCount(shape), seed), affine, spacing: affineSpacing(affine) };
  });

function edge() {
  return fc.integer({ min: 1, max: 5 });
}

/** Any bytes that are numbers of the type; no NaN, of which there are many. */
function voxels(Type: (typeof types)[number], length: number, seed: number): VoxelArray {
  const bytes = Uint8Array.from(
    { length: length * Type.BYTES_PER_ELEMENT },
    (_, i) => Math.imul(i + seed, 2654435761) >>> 24,
  );
  return new Type(bytes.buffer).map((value) => (Number.isNaN(value) ? 1 : value)) as VoxelArray;
}

const close = (found: readonly number[], expected: readonly number[], relative: number): void => {
  const scale = Math.max(...expected.map(Math.abs));
  found.forEach((value, i) => {
    expect(Math.abs(value - expected[i]!)).toBeLessThanOrEqual(relative * scale);
  });
};

describe('there and back', () => {
  it('NRRD, to the bit', async () => {
    await fc.assert(
      fc.asyncProperty(images, async (image) => {
        const back = await read(
          whole(await encodeNrrd(image, { compress: async (bytes) => gzipSync(bytes) })),
          'a.nrrd',
        );
        expect(back.data).toEqual(image.data);
        expect([back.shape, back.affine, back.spacing]).toEqual([image.shape, image.affine, image.spacing]);
      }),
      { numRuns: 60, seed: 5 },
    );
  });

  it('MetaImage, whose directions and spacing are apart, to the bit', async () => {
    await fc.assert(
      fc.asyncProperty(images, async (image) => {
        const back = await read(whole(await encodeMetaImage(image)), 'a.mha');
        expect(back.data).toEqual(image.data);
        expect([back.shape, back.affine, back.spacing]).toEqual([image.shape, image.affine, image.spacing]);
      }),
      { numRuns: 300, seed: 6 },
    );
  });

  it('NIfTI-2, to the bit', async () => {
    await fc.assert(
      fc.asyncProperty(images, async (image) => {
        const back = await read(encodeNifti(image, { niftiVersion: 2 }), 'a.nii');
        expect(back.data).toEqual(image.data);
        expect([back.shape, back.affine, back.spacing]).toEqual([image.shape, image.affine, image.spacing]);
      }),
      { numRuns: 60, seed: 8 },
    );
  });

  it('NIfTI-1: in its float32, and to the bit from then on', async () => {
    await fc.assert(
      fc.asyncProperty(images, async (image) => {
        const first = encodeNifti(image);
        const back = await read(first, 'a.nii');
        expect([back.shape, back.data]).toEqual([image.shape, image.data]);
        close(back.affine, image.affine, 1e-7);
        expect(encodeNifti(back)).toEqual(first);
      }),
      { numRuns: 60, seed: 7 },
    );
  });
});
