/** Cropping and normalising against numbers made by the official nnU-Net (and scipy inside it), and against closed forms. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { spatialShape } from '../image.ts';
import { readImageFile } from '../node/images.ts';
import { readGolden } from '../testing/safetensors.ts';
import { needsShared, sharedPath } from '../testing/shared-data.ts';
import { type Box, boundingBox, boxShape, cropToBox, insertIntoBox, interleaveChannels, nonzeroMask } from './crop.ts';
import { fillHoles } from './fill-holes.ts';
import { zScore } from './z-score.ts';

const golden = sharedPath('fixtures/preprocess');

interface GoldenCase {
  name: string;
  file: string;
  attrs: { bbox?: [number, number][]; bbox_used_for_cropping?: [number, number][]; has_seg?: boolean };
  files?: { images: string[] };
}

describe('as the official nnU-Net', needsShared('fixtures/preprocess'), () => {
  const cases: GoldenCase[] =
    golden === undefined ? [] : JSON.parse(readFileSync(`${golden}/index.json`, 'utf8')).cases;

  it.each(cases.filter(({ name }) => name.startsWith('crop_to_nonzero')))('$name', ({ file, attrs }) => {
    const tensors = readGolden(`${golden}/${file}`);
    const { shape, channels } = split(tensors.data!);
    const mask = nonzeroMask(channels, shape);
    const box = boundingBox(mask, shape);
    expect(pairs(box)).toEqual(attrs.bbox);
    const cropped = channels.flatMap((channel) => [...cropToBox(channel, shape, box)]);
    expect(cropped).toEqual([...tensors.out_data!.data]);
    // nnU-Net marks what is outside the mask with −1, where the segmentation does not say otherwise.
    const inside = cropToBox(mask, shape, box);
    const segmentation =
      tensors.seg === undefined ? undefined : cropToBox(Int32Array.from(tensors.seg.data), shape, box);
    const expected = Array.from(inside, (value, i) =>
      value !== 0 ? (segmentation?.[i] ?? 0) : segmentation?.[i] || -1,
    );
    expect(expected).toEqual([...tensors.out_seg!.data]);
  });

  // `reorient…` was read by another of nnU-Net's readers, one that turns images to RAS first.
  it.each(cases.filter(({ name, files }) => files !== undefined && !name.startsWith('reorient')))(
    '$name: reading and box',
    async ({ name, file, attrs, files }) => {
      const tensors = readGolden(`${golden}/${file}`);
      const images = await Promise.all(
        files!.images.map((path) => readImageFile(`${golden}/${path}`, { as: 'float32' })),
      );
      expect(images.flatMap(({ data }) => [...data])).toEqual([...tensors.raw_zyx!.data]);
      const shape = spatialShape(images[0]!);
      expect(shape).toEqual(tensors.raw_zyx!.shape.slice(1));
      const channels = images.map(({ data }) => data);
      const box = pairs(boundingBox(nonzeroMask(channels, shape), shape));
      const axes = name.startsWith('transposed') ? [2, 0, 1] : [0, 1, 2];
      expect(axes.map((axis) => box[axis])).toEqual(attrs.bbox_used_for_cropping);
    },
  );

  it('hippocampus: z-score of a whole image', async () => {
    const tensors = readGolden(`${golden}/hippocampus_real.safetensors`);
    const normalised = zScore(Float32Array.from(tensors.raw_zyx!.data));
    normalised.forEach((value, i) => {
      expect(Math.abs(value - tensors.data!.data[i]!)).toBeLessThan(1e-4);
    });
  });
});

describe('fillHoles', () => {
  it('fills a closed shell, but not one with an open face', () => {
    const shell = (open: boolean) => {
      const mask = new Uint8Array(125);
      for (let z = 1; z < 4; z++) for (let y = 1; y < 4; y++) for (let x = 1; x < 4; x++) mask[(z * 5 + y) * 5 + x] = 1;
      mask[62] = 0;
      if (open) mask[63] = 0;
      return fillHoles(mask, [5, 5, 5]);
    };
    expect(shell(false)[62]).toBe(1);
    expect(shell(false).reduce((sum, value) => sum + value)).toBe(27);
    expect(shell(true)[62]).toBe(0);
  });

  it('leaves a hole that touches the border, and passes no corners', () => {
    const corner = Uint8Array.of(0, 1, 1, 1, 0, 1, 1, 1, 1);
    expect([...fillHoles(corner, [1, 3, 3])]).toEqual([0, 1, 1, 1, 0, 1, 1, 1, 1]);
    const padded = new Uint8Array(27).fill(1);
    padded[13] = 0;
    padded[0] = 0;
    expect(fillHoles(padded, [3, 3, 3])[13]).toBe(1);
    expect(padded[0]).toBe(0);
  });
});

describe('boxes', () => {
  const shape = [3, 4, 5] as const;
  const volume = Float32Array.from({ length: 60 }, (_, i) => i + 1);
  const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

  it('takes the whole volume where everything is 0', () => {
    expect(boundingBox(new Uint8Array(60), shape)).toEqual({ lower: [0, 0, 0], upper: [3, 4, 5] });
  });

  it('puts back what it took, channels last too', () => {
    const box: Box = { lower: [1, 0, 2], upper: [3, 3, 4] };
    expect(boxShape(box)).toEqual([2, 3, 2]);
    const cropped = cropToBox(volume, shape, box);
    expect([...cropped]).toEqual([23, 24, 28, 29, 33, 34, 43, 44, 48, 49, 53, 54]);
    const whole = insertIntoBox(cropped, shape, box, 1, -1);
    whole.forEach((value, i) => {
      expect(value).toBe(cropped.includes(i + 1) ? i + 1 : -1);
    });
    const two = interleaveChannels([volume, volume.map((value) => -value)]);
    expect([...cropToBox(two, shape, box, 2)]).toEqual([...cropped].flatMap((value) => [value, -value]));
    expect([...cropToBox(insertIntoBox(cropToBox(two, shape, box, 2), shape, box, 2), shape, box, 2)].length).toBe(24);
  });

  it('takes whole rows and planes in the same order', () => {
    const rows: Box = { lower: [1, 1, 0], upper: [3, 3, 5] };
    const cropped = cropToBox(volume, shape, rows);
    expect([...cropped]).toEqual([...range(26, 36), ...range(46, 56)]);
    insertIntoBox(cropped, shape, rows, 1, -1).forEach((value, i) => {
      expect(value).toBe(cropped.includes(i + 1) ? i + 1 : -1);
    });
    expect([...cropToBox(volume, shape, { lower: [2, 0, 0], upper: [3, 4, 5] })]).toEqual(range(41, 61));
    expect([...cropToBox(volume, shape, { lower: [1, 2, 0], upper: [3, 2, 5] })]).toEqual([]);
  });

  it('bounds what is there with the smallest box', () => {
    const mask = new Uint8Array(60);
    for (const [z, y, x] of [
      [1, 3, 2],
      [1, 1, 4],
      [2, 2, 1],
    ] as const)
      mask[(z * 4 + y) * 5 + x] = 1;
    expect(boundingBox(mask, shape)).toEqual({ lower: [1, 1, 1], upper: [3, 4, 5] });
  });

  it('refuses boxes that stick out and arrays that do not fit', () => {
    expect(() => cropToBox(volume, shape, { lower: [0, 0, 0], upper: [4, 4, 5] })).toThrow(/box: expected inside/);
    expect(() => cropToBox(volume, [3, 4, 6], { lower: [0, 0, 0], upper: [1, 1, 1] })).toThrow(/72 values/);
    expect(() => insertIntoBox(volume, shape, { lower: [0, 0, 0], upper: [1, 1, 1] })).toThrow(/1 values/);
    expect(() => nonzeroMask([volume, volume.subarray(1)], shape)).toThrow(/channel/);
  });
});

describe('zScore', () => {
  it('uses the mask, divides by the population deviation and leaves the rest', () => {
    const channel = Float32Array.of(0, 2, 4, 0, 9);
    expect([...zScore(channel, [0, 1, 1, 0, 0])]).toEqual([0, -1, 1, 0, 9]);
  });

  it('divides by no less than 1e-8', () => {
    expect([...zScore(Float32Array.of(5, 5))]).toEqual([0, 0]);
    expect([...zScore(Float32Array.of(5, 5), [0, 0])]).toEqual([5, 5]);
  });
});

function split(tensor: { shape: number[]; data: Float32Array | Int32Array }) {
  const [count, z, y, x] = tensor.shape as [number, number, number, number];
  const size = z * y * x;
  const data = Float32Array.from(tensor.data);
  return {
    shape: [z, y, x] as const,
    channels: Array.from({ length: count }, (_, c) => data.slice(c * size, (c + 1) * size)),
  };
}

const pairs = ({ lower, upper }: Box): [number, number][] => lower.map((low, axis) => [low, upper[axis]!]);
