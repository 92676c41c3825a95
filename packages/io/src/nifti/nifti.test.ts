/** The reader and the writer against each other, against the field offsets of nifti1.h, and against files that lie. */
import { gzipSync } from 'node:zlib';
import { isVoxelgradError } from '@voxelgrad/tensor';
import { describe, expect, it } from 'vitest';
import type { Image, VoxelArray } from '../image.ts';
import { sourceFromBytes } from '../source.ts';
import { countingImage, countingVoxels, obliqueImage } from '../testing/images.ts';
import { readNifti, readNiftiHeader } from './read.ts';
import { encodeNifti } from './write.ts';

const shape = [4, 5, 6];

function decode(bytes: Uint8Array<ArrayBuffer>, name = 'case.nii'): Promise<Image> {
  return readNifti(sourceFromBytes(bytes, name));
}

function edited(edit: (view: DataView) => void, image: Image = countingImage(shape)): Uint8Array<ArrayBuffer> {
  const bytes = encodeNifti(image);
  edit(new DataView(bytes.buffer));
  return bytes;
}

async function refusal(bytes: Uint8Array<ArrayBuffer>, name = 'case.nii'): Promise<string> {
  const error: unknown = await decode(bytes, name).catch((caught: unknown) => caught);
  expect(isVoxelgradError(error, 'format'), String(error)).toBe(true);
  expect(String(error)).toContain(name);
  return String(error);
}

describe('colours', () => {
  it.each([
    [128, 3],
    [2304, 4],
  ])('data type %i reads as %i channels', async (code, samples) => {
    const data = Uint8Array.from({ length: 2 * samples }, (_, i) => i);
    const bytes = edited(
      (view) => {
        view.setInt16(42, 2, true);
        view.setInt16(70, code, true);
        view.setFloat32(112, 3, true);
      },
      { ...countingImage([1, 1, 2 * samples]), data },
    );
    const image = await decode(bytes);
    expect(image.shape).toEqual([samples, 1, 1, 2]);
    expect([...image.data]).toEqual(Array.from({ length: samples }, (_, c) => [c, c + samples]).flat());
  });
});

describe('round trip', () => {
  const arrays: VoxelArray[] = [
    new Int8Array(120),
    new Uint8Array(120),
    new Int16Array(120),
    new Uint16Array(120),
    new Int32Array(120),
    new Uint32Array(120),
    new Float32Array(120),
    new Float64Array(120),
  ];

  it.each(arrays.map((data) => [data.constructor.name, data] as const))('keeps %s', async (_, data) => {
    const image = obliqueImage(shape, countingVoxels(data));
    const back = await decode(encodeNifti(image));
    expect(back.data).toEqual(image.data);
    expect(back.shape).toEqual(shape);
    back.affine.forEach((value, i) => {
      expect(value).toBe(Math.fround(image.affine[i]!));
    });
    expect(back.spacing).toEqual(image.spacing.map(Math.fround));
  });

  it('keeps float64 geometry in NIfTI-2', async () => {
    const first = await decode(encodeNifti(countingImage([1, 2, 40000])));
    expect(first.header?.version).toBe(2);
    expect(first.affine).toEqual(countingImage([1]).affine);
    expect((await decode(encodeNifti(first))).header).toEqual(first.header);
  });

  it.each([
    [[1, 5, 6], 2],
    [[3, 4, 5, 6], 4],
    [[2, 3, 4, 5, 6], 5],
  ])('keeps shape %s', async (extents, axes) => {
    const back = await decode(
      edited((view) => {
        if (axes === 2) view.setInt16(40, 2, true);
      }, countingImage(extents)),
    );
    expect(back.header?.dim.length).toBe(axes);
    expect(back.shape).toEqual(extents);
    const again = await decode(encodeNifti(back));
    expect(again.header).toEqual(back.header);
    expect(again.data).toEqual(back.data);
  });

  it('writes a prediction with the header of its image, to the bit', async () => {
    const source = edited((view) => {
      view.setFloat32(76, -1, true);
      view.setFloat32(256, 0.1234567, true);
      view.setInt16(252, 3, true);
      view.setInt16(254, 4, true);
      view.setUint8(123, 10);
    });
    const image = await decode(source);
    const { affine, spacing, header } = image;
    if (header === undefined) throw new Error('no header');
    const prediction = encodeNifti({ shape, data: new Uint8Array(120), affine, spacing, header });
    for (const [from, to] of [
      [76, 108],
      [123, 124],
      [252, 328],
    ] as const)
      expect(prediction.slice(from, to)).toEqual(source.slice(from, to));
  });

  it('writes the qform that its affine means', async () => {
    const image = countingImage(shape);
    const back = await decode(edited((view) => view.setInt16(254, 0, true), image));
    expect(back.header?.sformCode).toBe(0);
    back.affine.forEach((value, i) => {
      expect(value).toBeCloseTo(image.affine[i]!, 5);
    });
  });

  it('turns every axis permutation and flip into its quaternion', async () => {
    const axes = [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ];
    for (const order of [
      [0, 1, 2],
      [0, 2, 1],
      [1, 0, 2],
      [1, 2, 0],
      [2, 0, 1],
      [2, 1, 0],
    ])
      for (let flips = 0; flips < 8; flips++) {
        const [x, y, z] = order.map((axis, i) =>
          axes[axis]!.map((value) => value * (flips & (1 << i) ? -(i + 1) : i + 1)),
        );
        const affine = [x![0], y![0], z![0], 1, x![1], y![1], z![1], 2, x![2], y![2], z![2], 3, 0, 0, 0, 1];
        const image = { ...countingImage(shape), affine, spacing: [3, 2, 1] } as unknown as Image;
        const back = await decode(edited((view) => view.setInt16(254, 0, true), image));
        back.affine.forEach((value, i) => {
          expect(value, `${order} ${flips}`).toBeCloseTo(affine[i]!, 6);
        });
      }
  });

  it('lays the header out as nifti1.h says', () => {
    const view = new DataView(encodeNifti(countingImage(shape)).buffer);
    expect(view.getInt32(0, true)).toBe(348);
    expect([0, 1, 2, 3, 4].map((i) => view.getInt16(40 + 2 * i, true))).toEqual([3, 6, 5, 4, 1]);
    expect([view.getInt16(70, true), view.getInt16(72, true), view.getFloat32(108, true)]).toEqual([4, 16, 352]);
    expect(String.fromCharCode(...new Uint8Array(view.buffer, 344, 4))).toBe('n+1\0');
    expect(view.getInt16(352 + 2 * 7, true)).toBe(7);
  });

  it('refuses voxels that the type cannot hold', () => {
    const image = (value: number) => obliqueImage([1, 1, 1], Float32Array.of(value));
    for (const value of [256, -1, 0.5, Number.NaN])
      expect(() => encodeNifti(image(value), { type: 'uint8' }, 'pat')).toThrow(
        /pat: expected whole numbers from 0 to 255/,
      );
    expect(encodeNifti(image(255), { type: 'uint8' })[352]).toBe(255);
  });
});

describe('reading', () => {
  it('swaps big-endian files of both versions', async () => {
    for (const extent of [6, 40000]) {
      const little = countingImage([2, 2, extent]);
      const back = await decode(bigEndian(encodeNifti(little)));
      expect(back.header?.littleEndian).toBe(false);
      expect(back.data).toEqual(little.data);
      expect(back.affine[3]).toBe(-12.5);
    }
  });

  it('scales to float64, or straight to float32', async () => {
    const bytes = edited((view) => {
      view.setFloat32(112, 0.1, true);
      view.setFloat32(116, -3, true);
    });
    const expected = Float64Array.from(countingImage(shape).data, (value) => value * Math.fround(0.1) - 3);
    expect((await decode(bytes)).data).toEqual(expected);
    const single = await readNifti(sourceFromBytes(bytes, 'case.nii'), { as: 'float32' });
    expect(single.data).toEqual(Float32Array.from(expected));
  });

  it.each([0, Number.NaN, Infinity])('takes slope %d for no scaling', async (slope) => {
    const back = await decode(edited((view) => view.setFloat32(112, slope, true)));
    expect(back.data).toEqual(countingImage(shape).data);
  });

  it('reads 64-bit integers as float64, negative ones and those past 2³² too', async () => {
    const data = new BigInt64Array([-5n, 2n ** 40n + 3n, -(2n ** 52n)]);
    const bytes = encodeNifti(obliqueImage([1, 1, 3], new Float64Array(data.buffer.slice(0))));
    new DataView(bytes.buffer).setInt16(70, 1024, true);
    new BigInt64Array(bytes.buffer, 352).set(data);
    expect((await decode(bytes)).data).toEqual(Float64Array.of(-5, 2 ** 40 + 3, -(2 ** 52)));
  });

  it('reads a pair, asked for by either name', async () => {
    const whole = edited((view) => {
      view.setUint8(345, 'i'.charCodeAt(0));
      view.setFloat32(108, 0, true);
    });
    const header = sourceFromBytes(whole.slice(0, 348), 'study/pat.hdr');
    const data = sourceFromBytes(gzipped(whole.slice(352)), 'study/pat.img.gz', [header]);
    expect((await readNifti(data)).data).toEqual(countingImage(shape).data);
    const both = sourceFromBytes(whole.slice(0, 348), 'study/pat.hdr', [data]);
    expect((await readNifti(both)).data).toEqual(countingImage(shape).data);
    await expect(readNifti(header)).rejects.toThrow(/study\/pat\.img: got no such file\nhelp: pat\.hdr is one half/);
  });

  it('reads a header without its voxels', async () => {
    const bytes = encodeNifti(countingImage(shape));
    const header = await readNiftiHeader(sourceFromBytes(bytes.slice(0, 352), 'case.nii'));
    expect(header.dim).toEqual([6, 5, 4]);
  });
});

describe('files that lie are refused by name', () => {
  it('truncated', async () => {
    const bytes = encodeNifti(countingImage(shape));
    expect(await refusal(bytes.slice(0, 200))).toMatch(/348 bytes/);
    expect(await refusal(bytes.slice(0, -1))).toMatch(/truncated/);
    expect(await refusal(bytes.slice(0, 0))).toMatch(/no bytes/);
  });

  it('truncated or damaged gzip', async () => {
    const noise = Float32Array.from({ length: 120 }, (_, i) => Math.sin(i * i));
    const bytes = gzipped(encodeNifti(obliqueImage(shape, noise)));
    expect((await decode(bytes, 'case.nii.gz')).data).toEqual(noise);
    for (const cut of [1, 4, 9, 100, bytes.length - 5])
      expect(await refusal(bytes.slice(0, -cut), 'case.nii.gz')).toMatch(/help:/);
    const damaged = bytes.slice();
    damaged[bytes.length - 40]! ^= 0xff;
    await refusal(damaged, 'case.nii.gz');
  });

  it('gzip without its ending, and an ending without gzip', async () => {
    const bytes = encodeNifti(countingImage(shape));
    expect(await refusal(gzipped(bytes))).toMatch(/ends in \.gz/);
    expect(await refusal(bytes, 'case.nii.gz')).toMatch(/not compressed at all/);
  });

  it('extents that the file cannot hold, before memory is taken', async () => {
    const huge = edited((view) => {
      for (let i = 1; i <= 3; i++) view.setInt16(40 + 2 * i, 32767, true);
    });
    expect(await refusal(huge)).toMatch(/32767 × 32767 × 32767/);
    expect(await refusal(gzipped(huge), 'case.nii.gz')).toMatch(/32767/);
  });

  it.each([
    ['no axes', (view: DataView) => view.setInt16(40, 0, true)],
    ['eight axes', (view: DataView) => view.setInt16(40, 8, true)],
    ['an extent of 0', (view: DataView) => view.setInt16(44, 0, true)],
    ['a negative extent', (view: DataView) => view.setInt16(44, -5, true)],
    ['complex voxels', (view: DataView) => view.setInt16(70, 32, true)],
    ['an unknown data type', (view: DataView) => view.setInt16(70, 9999, true)],
    ['voxels inside the header', (view: DataView) => view.setFloat32(108, 100, true)],
    ['voxels at NaN', (view: DataView) => view.setFloat32(108, Number.NaN, true)],
    ['a voxel size of NaN', (view: DataView) => view.setFloat32(80, Number.NaN, true)],
    ['NaN in the affine', (view: DataView) => view.setFloat32(280, Number.NaN, true)],
    ['a singular affine', (view: DataView) => eachRow((at) => view.setFloat32(at, 0, true))],
    [
      'two parallel axes',
      (view: DataView) => eachRow((at) => view.setFloat32(at, view.getFloat32(at + 4, true), true)),
    ],
    [
      'a scale without an offset',
      (view: DataView) => {
        view.setFloat32(112, 2, true);
        view.setFloat32(116, Number.NaN, true);
      },
    ],
    ['another magic', (view: DataView) => view.setUint8(344, 0)],
    ['the magic of a pair', (view: DataView) => view.setUint8(345, 'i'.charCodeAt(0))],
  ] as [string, (view: DataView) => void][])('%s', async (_, edit) => {
    await refusal(edited(edit));
  });

  it('a quaternion longer than 1', async () => {
    const bytes = edited((view) => {
      view.setInt16(254, 0, true);
      view.setFloat32(256, 0.9, true);
      view.setFloat32(260, 0.9, true);
    });
    expect(await refusal(bytes)).toMatch(/quaternion/);
  });
});

/** Byte offsets of the three rows of the sform. */
function eachRow(edit: (offset: number) => void): void {
  for (const offset of [280, 296, 312]) edit(offset);
}

function gzipped(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(gzipSync(bytes));
}

/** Reverses every field of a header and every int16 voxel, from the tables of nifti1.h and nifti2.h. */
function bigEndian(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const view = new DataView(bytes.buffer);
  const reverse = (offset: number, width: number, count: number) => {
    for (let i = 0; i < count; i++) bytes.subarray(offset + i * width, offset + (i + 1) * width).reverse();
  };
  const version = view.getInt32(0, true) === 348 ? 1 : 2;
  reverse(0, 4, 1);
  if (version === 1) {
    reverse(40, 2, 8);
    reverse(70, 2, 2);
    reverse(76, 4, 8);
    reverse(108, 4, 3);
    reverse(252, 2, 2);
    reverse(256, 4, 18);
  } else {
    reverse(12, 2, 2);
    reverse(16, 8, 8);
    reverse(104, 8, 8);
    reverse(168, 8, 3);
    reverse(344, 4, 2);
    reverse(352, 8, 18);
    reverse(500, 4, 1);
  }
  const offset = version === 1 ? 352 : 544;
  reverse(offset, 2, (bytes.length - offset) / 2);
  return bytes;
}
