/** Writes .nrrd as 3D Slicer does: LPS, little-endian, gzip where a compressor is given. */
import { affineColumns, affineOrigin, flipLps, type Vector3 } from '../affine.ts';
import { type EncodeOptions, encodeVoxels } from '../encode-parts.ts';
import type { Image } from '../image.ts';

const names = { float32: 'float', float64: 'double' } as const;

/** Header and voxels of a .nrrd file, one after the other. An image with channels keeps them on the last axis. */
export async function encodeNrrd(image: Image, options: EncodeOptions = {}, what = 'image'): Promise<Uint8Array[]> {
  const { type, bytes } = await encodeVoxels(image, [3, 4], options, what);
  const vector = (value: Vector3): string => `(${flipLps(value).join(',')})`;
  const channels = image.shape.length === 4;
  const header = [
    'NRRD0004',
    `type: ${type === 'float32' || type === 'float64' ? names[type] : type}`,
    `dimension: ${image.shape.length}`,
    'space: left-posterior-superior',
    `sizes: ${[...image.shape].reverse().join(' ')}`,
    `space directions: ${affineColumns(image.affine).map(vector).join(' ')}${channels ? ' none' : ''}`,
    `kinds: domain domain domain${channels ? ' list' : ''}`,
    'endian: little',
    `encoding: ${options.compress === undefined ? 'raw' : 'gzip'}`,
    `space origin: ${vector(affineOrigin(image.affine))}`,
  ];
  return [new TextEncoder().encode(`${header.join('\n')}\n\n`), bytes];
}
