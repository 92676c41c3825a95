/**
 * Turns an image so that its axes point where they are asked to, by swapping and reversing whole axes, without any interpolation: nibabel's
 * `as_closest_canonical`, which nnU-Net's reorienting readers use (NibabelIOWithReorient, SimpleITKIOWithReorient).
 */
import { VoxelgradError } from '@voxelgrad/tensor';
import { type Affine, affineColumns, affineFromColumns, affineOrigin, axisCodes, type Vector3 } from './affine.ts';
import { allocateVoxels, type Image, type VoxelArray, voxelType } from './image.ts';

const opposite: Readonly<Record<string, string>> = { L: 'R', R: 'L', P: 'A', A: 'P', I: 'S', S: 'I' };

/**
 * The image with x, y and z along `codes`: 'RAS', or the codes of another image, to turn a prediction back. `shape` must be [z, y, x]. The NIfTI header
 * does not come along. Throws 'option' for codes that are no orientation, 'shape' for images with channels.
 */
export function reorient<Data extends VoxelArray>(image: Image<Data>, codes: string): Image<Data> {
  const current = axisCodes(image.affine);
  if (current === codes) return image;
  // For each axis x, y, z of the result: the axis of the image that runs along it, and whether it runs the other way.
  const sources = [...codes].map((code) => {
    const axis = [...current].findIndex((other) => other === code || other === opposite[code]);
    return { axis, reversed: current[axis] !== code };
  });
  if (codes.length !== 3 || new Set(sources.map(({ axis }) => axis)).size !== 3 || sources.some(({ axis }) => axis < 0))
    throw new VoxelgradError('option', {
      what: 'orientation',
      expected: 'three of R/L, A/P and S/I, such as RAS',
      got: codes,
    });
  if (image.shape.length !== 3)
    throw new VoxelgradError('shape', { what: 'reorient', expected: '[z, y, x]', got: `[${image.shape.join(', ')}]` });

  const extents = [...image.shape].reverse() as unknown as Vector3;
  const strides: Vector3 = [1, extents[0], extents[0] * extents[1]];
  const columns = affineColumns(image.affine);
  let [ox, oy, oz] = affineOrigin(image.affine);
  let first = 0;
  const steps = sources.map(({ axis, reversed }) => {
    const stride = strides[axis]!;
    if (!reversed) return { stride, column: columns[axis]!, extent: extents[axis]! };
    const last = extents[axis]! - 1;
    first += last * stride;
    const [cx, cy, cz] = columns[axis]!;
    [ox, oy, oz] = [ox + last * cx, oy + last * cy, oz + last * cz];
    return { stride: -stride, column: [-cx, -cy, -cz] as const, extent: extents[axis]! };
  });
  const [x, y, z] = steps as [(typeof steps)[0], (typeof steps)[0], (typeof steps)[0]];
  const data = allocateVoxels(voxelType(image.data), image.data.length, 'image') as Data;
  let index = 0;
  for (let k = 0; k < z.extent; k++)
    for (let j = 0; j < y.extent; j++) {
      let from = first + k * z.stride + j * y.stride;
      for (let i = 0; i < x.extent; i++, from += x.stride) data[index++] = image.data[from]!;
    }
  const spacing = sources.map(({ axis }) => image.spacing[2 - axis]!).reverse() as unknown as Vector3;
  const affine: Affine = affineFromColumns(x.column, y.column, z.column, [ox, oy, oz]);
  return { shape: [z.extent, y.extent, x.extent], data, spacing, affine };
}
