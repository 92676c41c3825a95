/** NIfTI's data type codes (nifti1.h, `DT_*`). Complex, bit and 128-bit voxels are known by name so that they can be refused by name. */
import { VoxelgradError } from '@voxelgrad/tensor';
import type { StoredType } from '../stored.ts';

const stored = new Map<number, StoredType>([
  [2, 'uint8'],
  [4, 'int16'],
  [8, 'int32'],
  [16, 'float32'],
  [64, 'float64'],
  [256, 'int8'],
  [512, 'uint16'],
  [768, 'uint32'],
  [1024, 'int64'],
  [1280, 'uint64'],
]);

/** Bytes side by side: red, green, blue and, in the second, how opaque. */
const colours = new Map<number, 3 | 4>([
  [128, 3],
  [2304, 4],
]);

const refused = new Map<number, string>([
  [0, 'unknown'],
  [1, 'one bit a voxel'],
  [32, 'complex64'],
  [1536, 'float128'],
  [1792, 'complex128'],
  [2048, 'complex256'],
]);

/** Numbers a voxel, where there are several. */
export const colourSamples = (code: number): 3 | 4 | undefined => colours.get(code);

export function storedType(code: number, file: string): StoredType {
  const type = colours.has(code) ? 'uint8' : stored.get(code);
  if (type !== undefined) return type;
  const name = refused.get(code);
  throw new VoxelgradError('format', {
    what: file,
    expected: 'voxels that are real numbers of 8 to 64 bits, or colours',
    got: name === undefined ? `data type code ${code}, which NIfTI does not define` : `data type ${code} (${name})`,
    help: 'convert the file to int16, uint8 or float32 first',
  });
}

export function dataTypeCode(type: StoredType): number {
  for (const [code, name] of stored) if (name === type) return code;
  throw new VoxelgradError('dtype', { what: 'NIfTI data type', got: type });
}
