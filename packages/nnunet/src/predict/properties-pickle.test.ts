/** The pickle beside probabilities, read back by Python and by the safe interpreter. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unpickle } from '@voxelgrad/io';
import { lacking } from '@voxelgrad/tensor/testing-skips';
import { afterAll, expect, it } from 'vitest';
import { encodeProperties } from './properties-pickle.ts';

const root = mkdtempSync(join(tmpdir(), 'voxelgrad-properties-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const python = process.env.PEER_PYTHON;
const missingPeer = python === undefined ? 'PEER_PYTHON names no Python' : undefined;

// x runs to the front, y to the left, z up, 2 × 3 × 4 mm.
const affine = [0, -3, 0, 10, 2, 0, 0, 20, 0, 0, 4, 30, 0, 0, 0, 1] as const;
const properties = {
  spacing: [4, 3, 2],
  shape_before_cropping: [5, 6, 7],
  bbox_used_for_cropping: [
    [0, 5],
    [1, 6],
    [2, 7],
  ],
  shape_after_cropping_and_before_resampling: [5, 5, 5],
  affine,
};

const encode = (image_reader_writer: string): Uint8Array =>
  encodeProperties(properties, { affine }, { image_reader_writer });

it('is plain values to Python, in the words of its readers', lacking(missingPeer), () => {
  const file = join(root, 'case.pkl');
  writeFileSync(file, encode('SimpleITKIO'));
  const code = [
    'import json, pickle, sys',
    'p = pickle.load(open(sys.argv[1], "rb"))',
    's = p["sitk_stuff"]',
    'assert all(type(s[k]) is tuple and all(type(v) is float for v in s[k]) for k in s), s',
    'assert type(p["shape_before_cropping"]) is tuple and type(p["bbox_used_for_cropping"][0]) is list',
    'print(json.dumps(p))',
  ].join('\n');
  expect(JSON.parse(execFileSync(python!, ['-c', code, file], { encoding: 'utf8' }))).toEqual({
    // In LPS the origin is (-10, -20, 30); x runs along (0, -1, 0), y along (1, 0, 0).
    sitk_stuff: { spacing: [2, 3, 4], origin: [-10, -20, 30], direction: [0, 1, 0, -1, 0, 0, 0, 0, 1] },
    nibabel_stuff: {
      original_affine: [
        [0, -3, 0, 10],
        [2, 0, 0, 20],
        [0, 0, 4, 30],
        [0, 0, 0, 1],
      ],
    },
    spacing: [4, 3, 2],
    shape_before_cropping: [5, 6, 7],
    bbox_used_for_cropping: properties.bbox_used_for_cropping,
    shape_after_cropping_and_before_resampling: [5, 5, 5],
  });
});

it('says how images were turned where the reader turns them', () => {
  const read = (reader: string) => unpickle(encode(reader), { what: 'case.pkl', globals: () => undefined }).value;
  const nibabel = (value: unknown) => (value as Map<string, Map<string, unknown>>).get('nibabel_stuff')!;
  expect([...nibabel(read('NibabelIOWithReorient')).keys()]).toEqual(['original_affine', 'reoriented_affine']);
  expect([...nibabel(read('NibabelIO')).keys()]).toEqual(['original_affine']);
});
