/** Checks the format against a file of the reference library, the fixtures, and every way in which a file can lie. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isVoxelgradError } from '@voxelgrad/tensor';
import { lacking } from '@voxelgrad/tensor/testing-skips';
import { describe, expect, it } from 'vitest';
import {
  floatFromHalf,
  halfFromFloat,
  readSafetensors,
  readSafetensorsMetadata,
  type SafetensorsEntry,
  writeSafetensors,
} from './index.ts';

const fixtures = fileURLToPath(new URL('../../../../../shared/fixtures/', import.meta.url));
const missing = existsSync(fixtures) ? undefined : 'no ../shared/fixtures beside the repository';

/** Written by `safetensors.numpy.save` of the reference library, version 0.8.0. */
const referenceFile = [
  '6AEAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJmb3JtYXQiOiJwdCJ9LCJ6Ijp7ImR0eXBlIjoiSTY0Iiwic2hhcGUiOltdLCJkYXRh',
  'X29mZnNldHMiOlswLDhdfSwiZCI6eyJkdHlwZSI6IkY2NCIsInNoYXBlIjpbMV0sImRhdGFfb2Zmc2V0cyI6WzgsMTZdfSwiMCI6',
  'eyJkdHlwZSI6IkYzMiIsInNoYXBlIjpbMV0sImRhdGFfb2Zmc2V0cyI6WzE2LDIwXX0sImIud2VpZ2h0Ijp7ImR0eXBlIjoiRjMy',
  'Iiwic2hhcGUiOlsyLDJdLCJkYXRhX29mZnNldHMiOlsyMCwzNl19LCJpIjp7ImR0eXBlIjoiSTMyIiwic2hhcGUiOlsyXSwiZGF0',
  'YV9vZmZzZXRzIjpbMzYsNDRdfSwiYS5oYWxmIjp7ImR0eXBlIjoiRjE2Iiwic2hhcGUiOlszXSwiZGF0YV9vZmZzZXRzIjpbNDQs',
  'NTBdfSwidSI6eyJkdHlwZSI6IlU4Iiwic2hhcGUiOlszXSwiZGF0YV9vZmZzZXRzIjpbNTAsNTNdfSwibSI6eyJkdHlwZSI6IkJP',
  'T0wiLCJzaGFwZSI6WzNdLCJkYXRhX29mZnNldHMiOls1Myw1Nl19fSAgICAgIAcAAAAAAAAAGC1EVPshCUAAAABAAADAPwAAAMAA',
  'AAAAAABAQP////8FAAAAZi7/ewEAAQL/AQAB',
].join('');

/** A file with this header and this many bytes of values. */
function fileOf(header: string, valueBytes: number): Uint8Array {
  const text = new TextEncoder().encode(header);
  const file = new Uint8Array(8 + text.length + valueBytes);
  new DataView(file.buffer).setBigUint64(0, BigInt(text.length), true);
  file.set(text, 8);
  return file;
}

const errorOf = (bytes: Uint8Array): unknown => {
  try {
    readSafetensors(bytes);
  } catch (error) {
    return error;
  }
  return undefined;
};

describe('safetensors', () => {
  it('reads and writes the bytes of the reference library', () => {
    const bytes = new Uint8Array(Buffer.from(referenceFile, 'base64'));
    const tensors = readSafetensors(bytes);
    expect(tensors).toEqual(
      new Map<string, SafetensorsEntry>([
        ['z', { dtype: 'I64', shape: [], data: BigInt64Array.of(7n) }],
        ['d', { dtype: 'F64', shape: [1], data: Float64Array.of(Math.PI) }],
        ['0', { dtype: 'F32', shape: [1], data: Float32Array.of(2) }],
        ['b.weight', { dtype: 'F32', shape: [2, 2], data: Float32Array.of(1.5, -2, 0, 3) }],
        ['i', { dtype: 'I32', shape: [2], data: Int32Array.of(-1, 5) }],
        ['a.half', { dtype: 'F16', shape: [3], data: Float32Array.of(0.0999755859375, 65504, 2 ** -24) }],
        ['u', { dtype: 'U8', shape: [3], data: Uint8Array.of(1, 2, 255) }],
        ['m', { dtype: 'BOOL', shape: [3], data: Uint8Array.of(1, 0, 1) }],
      ]),
    );
    const reversed = [...tensors].reverse();
    expect(Buffer.from(writeSafetensors(reversed, { format: 'pt' })).toString('base64')).toBe(referenceFile);
  });

  it('reads files that name their tensors in another order', lacking(missing), () => {
    const { cases } = JSON.parse(readFileSync(`${fixtures}inference/index.json`, 'utf8')) as {
      cases: { file?: string; tensors: Record<string, [dtype: string, shape: number[]]> }[];
    };
    for (const { file, tensors } of cases.filter((one) => one.file !== undefined)) {
      const read = readSafetensors(new Uint8Array(readFileSync(`${fixtures}inference/${file}`)));
      expect(Object.fromEntries([...read].map(([name, { dtype, shape }]) => [name, [dtype, shape]]))).toEqual(tensors);
    }
  });

  it('keeps every number type, scalars, empty tensors, odd names and metadata', () => {
    const entries = new Map<string, SafetensorsEntry>([
      ['f64', { dtype: 'F64', shape: [2], data: Float64Array.of(Math.PI, -0) }],
      ['f32', { dtype: 'F32', shape: [1, 2, 2], data: Float32Array.of(1, 2, 3, Number.NaN) }],
      ['f16', { dtype: 'F16', shape: [3], data: Float32Array.of(0.5, 65504, -6.103515625e-5) }],
      ['i64', { dtype: 'I64', shape: [], data: BigInt64Array.of(-(2n ** 63n)) }],
      ['i32', { dtype: 'I32', shape: [1], data: Int32Array.of(-5) }],
      ['u8', { dtype: 'U8', shape: [3], data: Uint8Array.of(0, 7, 255) }],
      ['bool', { dtype: 'BOOL', shape: [2], data: Uint8Array.of(1, 0) }],
      ['empty', { dtype: 'F32', shape: [0, 4], data: new Float32Array(0) }],
      ['0', { dtype: 'F32', shape: [1], data: Float32Array.of(9) }],
      ['__proto__', { dtype: 'F32', shape: [1], data: Float32Array.of(10) }],
    ]);
    const bytes = writeSafetensors(entries, { made: 'hier', größe: '5' });
    expect(readSafetensors(bytes)).toEqual(entries);
    expect(readSafetensorsMetadata(bytes)).toEqual(
      new Map([
        ['made', 'hier'],
        ['größe', '5'],
      ]),
    );
  });

  it('reads values that are not aligned', () => {
    const bytes = writeSafetensors([['x', { dtype: 'F32', shape: [2], data: Float32Array.of(1.5, -2.5) }]]);
    const shifted = new Uint8Array(bytes.length + 1);
    shifted.set(bytes, 1);
    expect(readSafetensors(shifted.subarray(1)).get('x')?.data).toEqual(Float32Array.of(1.5, -2.5));
  });

  it.each<[string, Uint8Array, RegExp]>([
    ['nothing', new Uint8Array(0), /at least 8 bytes/],
    ['a header length beyond the file', Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 255, 123), /got a length of/],
    ['no JSON', fileOf('{"a"', 0), /JSON in UTF-8/],
    ['a list', fileOf('[]', 0), /a JSON object, got a list/],
    ['metadata that is no text', fileOf('{"__metadata__":{"a":1}}', 0), /metadata 'a'/],
    ['an unknown dtype', fileOf('{"a":{"dtype":"F8","shape":[1],"data_offsets":[0,1]}}', 1), /dtype among/],
    [
      'an inherited name as dtype',
      fileOf('{"a":{"dtype":"toString","shape":[],"data_offsets":[0,1]}}', 1),
      /dtype among/,
    ],
    ['a negative extent', fileOf('{"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}}', 1), /whole numbers/],
    ['a fractional extent', fileOf('{"a":{"dtype":"U8","shape":[1.5],"data_offsets":[0,1]}}', 1), /whole numbers/],
    ['an overflowing shape', fileOf('{"a":{"dtype":"F64","shape":[9e15,9e15],"data_offsets":[0,8]}}', 8), /8 bytes/],
    [
      'offsets that do not fit the shape',
      fileOf('{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}', 4),
      /8 bytes/,
    ],
    ['one offset', fileOf('{"a":{"dtype":"U8","shape":[1],"data_offsets":[0]}}', 1), /two data_offsets/],
    ['no offsets', fileOf('{"a":{"dtype":"U8","shape":[1]}}', 1), /two data_offsets/],
    ['values beyond the end', fileOf('{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}', 3), /4 bytes|bytes, as/],
    [
      'bytes that belong to nobody',
      fileOf('{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', 2),
      /as its header says/,
    ],
    [
      'a gap',
      fileOf('{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}', 2),
      /values from byte \d+ on, got byte \d+/,
    ],
    [
      'an overlap',
      fileOf(
        '{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}',
        3,
      ),
      /tensor 'b'/,
    ],
  ])('refuses %s', (_, bytes, message) => {
    const error = errorOf(bytes);
    expect(isVoxelgradError(error, 'format')).toBe(true);
    expect(String(error)).toMatch(message);
  });

  it('refuses a boolean that is neither 0 nor 1', () => {
    const bytes = fileOf('{"a":{"dtype":"BOOL","shape":[2],"data_offsets":[0,2]}}', 2);
    bytes[bytes.length - 1] = 2;
    expect(String(errorOf(bytes))).toMatch(/0 or 1, got 2/);
  });

  it('refuses to write what it could not read', () => {
    const one: SafetensorsEntry = { dtype: 'F32', shape: [1], data: Float32Array.of(1) };
    expect(() => writeSafetensors([['a', { ...one, shape: [2] }]])).toThrow(/fill its shape \[2\], got 1 values/);
    expect(() => writeSafetensors([['__metadata__', one]])).toThrow(/a name of its own/);
    const twice: [string, SafetensorsEntry] = ['a', one];
    expect(() => writeSafetensors([twice, twice])).toThrow(/used twice/);
  });
});

describe('half precision', () => {
  it('is lossless for every half', () => {
    for (let half = 0; half < 65536; half++) {
      const value = floatFromHalf(half);
      if (!Number.isNaN(value)) expect(halfFromFloat(value)).toBe(half);
    }
  });

  it('rounds to the nearest half, ties to even', () => {
    // Between neighbours a < b: everything below the middle goes to a, above to b, the middle to the even one.
    for (let half = 0; half < 0x7bff; half += 7) {
      const [below, above] = [floatFromHalf(half), floatFromHalf(half + 1)];
      const middle = (below + above) / 2;
      const even = half % 2 === 0 ? half : half + 1;
      expect(halfFromFloat(middle)).toBe(even);
      expect(halfFromFloat(-middle)).toBe(0x8000 | even);
      expect(halfFromFloat(middle - (above - below) / 8)).toBe(half);
      expect(halfFromFloat(middle + (above - below) / 8)).toBe(half + 1);
    }
    expect(halfFromFloat(65519)).toBe(0x7bff);
    expect(halfFromFloat(65520)).toBe(0x7c00);
    expect(halfFromFloat(Number.NEGATIVE_INFINITY)).toBe(0xfc00);
    expect(floatFromHalf(halfFromFloat(Number.NaN))).toBeNaN();
  });
});
