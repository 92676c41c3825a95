/** NumPy's archives of arrays (.npz): what nnU-Net keeps probabilities in. */

import { VoxelgradError } from '@voxelgrad/tensor';
import type { FileSource } from '../source.ts';
import { openZip } from '../zip/archive.ts';
import { encodeZip } from '../zip/write.ts';
import { encodeNpy, type NumpyFile, parseNpy } from './npy.ts';

/** As `numpy.savez_compressed` writes it. */
export function encodeNpz(arrays: Readonly<Record<string, NumpyFile>>): AsyncIterable<Uint8Array> {
  return encodeZip(
    Object.entries(arrays).map(([name, array]) => ({ name: `${name}.npy`, bytes: encodeNpy(array), deflated: true })),
  );
}

/** One array of an archive. Throws 'format' where there is none of that name. */
export async function readNpz(source: FileSource, name: string): Promise<NumpyFile> {
  const archive = await openZip(source);
  const entry = archive.entries.get(`${name}.npy`);
  if (entry === undefined)
    throw new VoxelgradError('format', {
      what: source.path,
      expected: `an array '${name}'`,
      got: [...archive.entries.keys()].slice(0, 5).join(', ') || 'an empty archive',
    });
  return parseNpy(await archive.read(entry), `${source.path}: ${name}`);
}
