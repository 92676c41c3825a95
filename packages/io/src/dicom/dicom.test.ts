/** DICOM files made here: every codec, byte order and pixel format that is read, and the series that must be refused. */
import { isVoxelgradError } from '@voxelgrad/tensor';
import { describe, expect, it } from 'vitest';
import { folderFromFiles } from '../browser-source.ts';
import { readImage } from '../read-image.ts';
import type { FileSource } from '../source.ts';
import {
  countingSamples,
  type DicomSettings,
  dicomBytes,
  dicomFile,
  type Item,
  pixelBytes,
} from '../testing/dicom-files.ts';
import { encodedFrame } from '../testing/dicom-frames.ts';
import { listDicomSeries, readDicomFiles, readDicomSeries } from './read.ts';

const one = (settings: DicomSettings) => readDicomFiles([dicomFile('a.dcm', settings)]);
const counting = Int16Array.from(countingSamples());

const at = (z: number, x = -10.5, y = 20): Item => ({ '00200032': ['DS', `${x}\\${y}\\${z}`] });

const stack = (positions: readonly number[], change: (i: number) => Item = () => ({})): FileSource[] =>
  positions.map((z, i) =>
    dicomFile(`${i}.dcm`, {
      elements: {
        ...at(z),
        '7fe00010': ['OW', pixelBytes(countingSamples().map((v) => (v + z) % 4096))],
        ...change(i),
      },
    }),
  );

async function refusal(files: readonly FileSource[], code: 'dataset' | 'format' = 'dataset'): Promise<string> {
  const error: unknown = await readDicomFiles(files, {}, 'series x').catch((caught: unknown) => caught);
  expect(isVoxelgradError(error, code), String(error)).toBe(true);
  return String(error);
}

/** PackBits of one byte plane: repeated bytes as runs, the others one by one. */
function packed(plane: readonly number[]): number[] {
  const bytes: number[] = [];
  for (let at = 0, end = 0; at < plane.length; at = end) {
    for (end = at + 1; plane[end] === plane[at] && end - at < 128; ) end++;
    bytes.push(end - at === 1 ? 0 : 257 - (end - at), plane[at]!);
  }
  return bytes;
}

function rleFrame(): Uint8Array {
  const samples = [...countingSamples()];
  const high = packed(samples.map((v) => v >> 8));
  const low = packed(samples.map((v) => v & 255));
  const header = new Uint8Array(64);
  const view = new DataView(header.buffer);
  [2, 64, 64 + high.length].forEach((value, i) => {
    view.setUint32(4 * i, value, true);
  });
  return Uint8Array.of(...header, ...high, ...low);
}

describe('pixels of DICOM files', () => {
  it.each([
    ['implicit VR', '1.2.840.10008.1.2', {}],
    ['explicit VR', '1.2.840.10008.1.2.1', {}],
    ['big endian', '1.2.840.10008.1.2.2', { '7fe00010': ['OW', pixelBytes(countingSamples(), false)] }],
    ['RLE', '1.2.840.10008.1.2.5', { '7fe00010': ['OB', [rleFrame()]] }],
    ['lossless JPEG', '1.2.840.10008.1.2.4.70', { '7fe00010': ['OB', [encodedFrame('jpegLossless')]] }],
    ['JPEG-LS', '1.2.840.10008.1.2.4.80', { '7fe00010': ['OB', [encodedFrame('jpegLs')]] }],
    ['JPEG 2000', '1.2.840.10008.1.2.4.90', { '7fe00010': ['OB', [encodedFrame('jpeg2000')]] }],
    [
      'JPEG 2000 in two fragments',
      '1.2.840.10008.1.2.4.91',
      { '7fe00010': ['OB', [encodedFrame('jpeg2000').subarray(0, 100), encodedFrame('jpeg2000').subarray(100)]] },
    ],
  ] as const)('%s', async (_, syntax, elements) => {
    const image = await one({ syntax, elements });
    expect([image.shape, image.spacing]).toEqual([
      [1, 12, 10],
      [1, 0.75, 0.5],
    ]);
    expect(image.data).toEqual(counting);
  });

  it('JPEG baseline and lossless JPEG of 8 bits', async () => {
    const bits: Item = { '00280100': ['US', 8], '00280101': ['US', 8], '00280102': ['US', 7] };
    const jpeg = async (syntax: string, frame: Uint8Array) =>
      (await one({ syntax, elements: { ...bits, '7fe00010': ['OB', [frame]] } })).data;
    expect(await jpeg('1.2.840.10008.1.2.4.50', encodedFrame('jpegBaseline'))).toEqual(
      encodedFrame('jpegBaselineDecoded'),
    );
    const lossless = await jpeg('1.2.840.10008.1.2.4.57', encodedFrame('jpegLossless8'));
    expect(lossless).toEqual(Uint8Array.from({ length: 120 }, (__, i) => (i * 7) % 251));
  });

  it('signed samples, native and compressed', async () => {
    const signed: Item = { '00280101': ['US', 16], '00280102': ['US', 15], '00280103': ['US', 1] };
    const samples = counting.map((value) => value - 2000);
    expect((await one({ elements: { ...signed, '7fe00010': ['OW', pixelBytes(samples)] } })).data).toEqual(samples);
    const compressed = { ...signed, '7fe00010': ['OB', [encodedFrame('jpeg2000Signed')]] } as const;
    expect((await one({ syntax: '1.2.840.10008.1.2.4.90', elements: compressed })).data).toEqual(samples);
  });

  it('cuts off bits that are not stored, and extends the sign of 12 bits', async () => {
    const overlaid = Uint16Array.from(countingSamples(), (value) => value | 0xa000);
    expect((await one({ elements: { '7fe00010': ['OW', pixelBytes(overlaid)] } })).data).toEqual(counting);
    const signed = await one({ elements: { '00280103': ['US', 1] } });
    expect(signed.data).toEqual(counting.map((value) => (value >= 2048 ? value - 4096 : value)));
    const shifted: Item = {
      '00280102': ['US', 15],
      '7fe00010': ['OW', pixelBytes(countingSamples().map((v) => v * 16))],
    };
    expect((await one({ elements: shifted })).data).toEqual(counting);
  });

  it('applies slope and intercept: whole numbers stay integers, others become float32', async () => {
    const whole = await one({ elements: { '00281053': ['DS', '1'], '00281052': ['DS', '-1024'] } });
    expect(whole.data).toEqual(counting.map((value) => value - 1024));
    const large = await one({ elements: { '00281053': ['DS', '20'], '00281052': ['DS', '0'] } });
    expect(large.data).toEqual(Int32Array.from(counting, (value) => value * 20));
    const broken = await one({ elements: { '00281053': ['DS', '0.25'], '00281052': ['DS', '3e-1'] } });
    expect(broken.data).toEqual(Float32Array.from(counting, (value) => value * 0.25 + 0.3));
  });
});

describe('DICOM series', () => {
  it('are sorted by position along the normal, whatever the names', async () => {
    const image = await readDicomFiles(stack([4, -2, 1, 7]));
    expect([image.shape, image.spacing]).toEqual([
      [4, 12, 10],
      [3, 0.75, 0.5],
    ]);
    expect([0, 1, 2, 3].map((z) => image.data[z * 120 + 100])).toEqual([-2, 1, 4, 7].map((z) => 3700 + z));
    expect(image.affine).toEqual([-0.5, 0, 0, 10.5, 0, -0.75, 0, -20, 0, 0, 3, -2, 0, 0, 0, 1]);
  });

  it('keep an oblique orientation', async () => {
    const [c, s] = [Math.cos(0.3), Math.sin(0.3)];
    const files = [0, 1, 2].map((k) =>
      dicomFile(`${k}`, {
        elements: {
          '00200037': ['DS', `${c.toFixed(8)}\\${s.toFixed(8)}\\0\\0\\0\\-1`],
          ...at(5, -10.5 + k * 2 * -s, 20 + k * 2 * c),
        },
      }),
    );
    const { affine, spacing } = await readDicomFiles(files);
    // biome-ignore format: a matrix reads best as one
    const expected = [-0.5 * c, 0, 2 * s, 10.5, -0.5 * s, 0, -2 * c, -20, 0, -0.75, 0, 5, 0, 0, 0, 1];
    // The normal is row × column = (−s, c, 0).
    affine.forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i]!, 6);
    });
    expect(spacing[0]).toBeCloseTo(2, 6);
  });

  it('are found in folders of a page, apart from what is none of them', async () => {
    const blob = (settings: DicomSettings) => new Blob([dicomBytes(settings)]);
    const other: Item = { '0020000e': ['UI', '1.2.4'], '0008103e': ['LO', 'T1'] };
    const folder = folderFromFiles(
      [
        { path: 'p/s1/a', blob: blob({ elements: at(0) }) },
        { path: 'p/s1/b', blob: blob({ elements: at(2) }) },
        { path: 'p/s2/a.dcm', blob: blob({ elements: { ...at(0), ...other } }) },
        { path: 'p/DICOMDIR', blob: blob({ without: ['7fe00010'] }) },
        { path: 'readme.txt', blob: new Blob(['text']) },
      ],
      'study',
    );
    const found = await listDicomSeries(folder);
    expect(found.map(({ uid, description, modality, files }) => [uid, description, modality, files.length])).toEqual([
      ['1.2.3', '', 'CT', 2],
      ['1.2.4', 'T1', 'CT', 1],
    ]);
    expect((await readDicomSeries(folder, { series: '1.2.3' })).shape).toEqual([2, 12, 10]);
    await expect(readDicomSeries(folder)).rejects.toThrow(
      /expected one DICOM series, got 1.2.3 \(CT , 2 files\); 1.2.4/,
    );
    await expect(readDicomSeries(folder.folder('q'))).rejects.toThrow(/got none\nhelp: check the path/);
  });

  it('are refused where a slice is missing, twice there, or beside the others', async () => {
    expect(await refusal(stack([0, 3, 6, 12, 15]))).toMatch(
      /series x lacks 1 slice: expected 3.0000 mm .* got 6.0000 mm from 2.dcm to 3.dcm/,
    );
    expect(await refusal(stack([0, 3, 6, 10]))).toMatch(/unevenly spaced/);
    const echoes = stack([0, 0, 3, 3], (i) => ({ '00180081': ['DS', String(i % 2)] }));
    expect(await refusal(echoes)).toMatch(
      /one image for each place, got 0.dcm and 1.dcm at -10.5, 20, 0, with echoTime 0 and 1/,
    );
    expect(await refusal(stack([0, 3, 6], (i) => (i === 1 ? at(3, -5) : {})))).toMatch(/1.dcm beside it/);
    expect(await refusal(stack([0, 3, 6], (i) => at(3 * i, -10.5, 20 + 0.5 * i)))).toMatch(
      /shifted by 0.500 mm each: the gantry was tilted/,
    );
  });

  it('are refused where slices have other sizes, directions or spacings', async () => {
    const smaller: Item = { '00280010': ['US', 6] };
    expect(await refusal(stack([0, 3], (i) => (i === 1 ? smaller : {})))).toMatch(
      /expected slices of 10 × 12, as in 0.dcm, got 10 × 6 in 1.dcm/,
    );
    const turned: Item = { '00200037': ['DS', '0\\1\\0\\0\\0\\-1'] };
    expect(await refusal(stack([0, 3], (i) => (i === 1 ? turned : {})))).toMatch(
      /expected orientation 1, 0, 0, 0, 1, 0/,
    );
    const finer: Item = { '00280030': ['DS', '0.5\\0.5'] };
    expect(await refusal(stack([0, 3], (i) => (i === 1 ? finer : {})))).toMatch(/pixel spacing 0.75, 0.5/);
  });

  it.each([
    ['colour', { elements: { '00280002': ['US', 3], '00280004': ['CS', 'RGB'] } }, /3 samples, RGB/],
    ['no position', { without: ['00200032'] }, /Image Position/],
    ['no pixels', { without: ['7fe00010'] }, /expected pixel data, got none/],
    ['a spacing of 0', { elements: { '00280030': ['DS', '0\\1'] } }, /spacing above 0/],
    ['a spacing that is no number', { elements: { '00280030': ['DS', 'x\\1'] } }, /2 finite numbers for pixelSpacing/],
    ['axes that are not at right angles', { elements: { '00200037': ['DS', '1\\0\\0\\1\\0\\0'] } }, /unit vectors/],
    ['a slope of 0', { elements: { '00281053': ['DS', '0'] } }, /slope other than 0/],
    ['bits that do not fit', { elements: { '00280101': ['US', 17] } }, /bitsStored from 1 to 16/],
    ['fewer pixels than it says', { elements: { '00280010': ['US', 40000] } }, /800000 bytes of pixels/],
    ['frames that are nowhere', { elements: { '00280008': ['IS', '2'], '00280010': ['US', 6] } }, /functional groups/],
    ['a codec that is not read', { syntax: '1.2.840.10008.1.2.4.201' }, /high-throughput JPEG 2000/],
    ['another form of pixels', { syntax: '1.2.840.10008.1.2.4.90' }, /as its transfer syntax says/],
    [
      'a codestream of another size',
      {
        syntax: '1.2.840.10008.1.2.4.90',
        elements: { '00280010': ['US', 10], '7fe00010': ['OB', [encodedFrame('jpeg2000')]] },
      },
      /a compressed frame of 10 × 10, one component, got 10 × 12/,
    ],
    [
      'a codestream that is cut',
      { syntax: '1.2.840.10008.1.2.4.80', elements: { '7fe00010': ['OB', [encodedFrame('jpegLs').subarray(0, 120)]] } },
      /jpeg-ls data that can be decoded/,
    ],
  ] as [string, DicomSettings, RegExp][])('refused: %s', async (_, settings, message) => {
    expect(await refusal([dicomFile('a.dcm', settings)], 'format')).toMatch(message);
  });

  it('a codec that failed decodes the next frame', async () => {
    const frame = (bytes: Uint8Array) =>
      one({ syntax: '1.2.840.10008.1.2.4.90', elements: { '7fe00010': ['OB', [bytes]] } });
    await expect(frame(encodedFrame('jpeg2000').subarray(0, 150))).rejects.toSatisfy((e) =>
      isVoxelgradError(e, 'format'),
    );
    expect((await frame(encodedFrame('jpeg2000'))).data).toEqual(counting);
  });
});

describe('enhanced multi-frame DICOM', () => {
  const position = (z: number): Item => ({ '00209113': ['SQ', [at(z)]] });
  const enhanced = (positions: readonly number[], pixels: DicomSettings['elements']): DicomSettings => ({
    without: ['00200032', '00200037', '00280030'],
    elements: {
      '00280008': ['IS', String(positions.length)],
      '52009229': [
        'SQ',
        [
          {
            '00209116': ['SQ', [{ '00200037': ['DS', '1\\0\\0\\0\\1\\0'] }]],
            '00289110': ['SQ', [{ '00280030': ['DS', '0.75\\0.5'], '00180050': ['DS', '9'] }]],
          },
        ],
      ],
      '52009230': [
        'SQ',
        positions.map((z, i) => ({
          ...position(z),
          '00289145': ['SQ', [{ '00281052': ['DS', String(-10 * i)], '00281053': ['DS', '1'] }]],
        })),
      ],
      ...pixels,
    },
  });

  it('places each frame by its functional groups', async () => {
    const pixels = new Uint8Array(720);
    [1, 2, 3].forEach((value, frame) => {
      pixels.set(pixelBytes(new Uint16Array(120).fill(value * 100)), frame * 240);
    });
    const file = dicomFile('enhanced.dcm', enhanced([6, 2, 4], { '7fe00010': ['OW', pixels] }));
    const image = await readImage(file);
    expect([image.shape, image.spacing]).toEqual([
      [3, 12, 10],
      [2, 0.75, 0.5],
    ]);
    expect([0, 1, 2].map((z) => image.data[z * 120])).toEqual([190, 280, 100]);
  });

  it('takes a fragment a frame', async () => {
    const frames = [encodedFrame('jpegLs'), encodedFrame('jpegLs')];
    const settings = enhanced([0, 2], { '7fe00010': ['OB', frames] });
    const image = await readImage(dicomFile('enhanced.dcm', { ...settings, syntax: '1.2.840.10008.1.2.4.80' }));
    expect(image.data).toEqual(Int16Array.from([...counting, ...counting.map((value) => value - 10)]));
  });
});
