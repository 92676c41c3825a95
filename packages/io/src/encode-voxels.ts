/** Numbers to the bytes of an image file. */
import { VoxelgradError } from '@voxelgrad/tensor';
import { type VoxelArray, type VoxelType, voxelType } from './image.ts';
import { bytesPerVoxel, hostLittleEndian } from './stored.ts';

type Setter = (view: DataView, offset: number, value: number) => void;

const setters: Readonly<Record<VoxelType, Setter>> = {
  int8: (view, offset, value) => view.setInt8(offset, value),
  uint8: (view, offset, value) => view.setUint8(offset, value),
  int16: (view, offset, value) => view.setInt16(offset, value, true),
  uint16: (view, offset, value) => view.setUint16(offset, value, true),
  int32: (view, offset, value) => view.setInt32(offset, value, true),
  uint32: (view, offset, value) => view.setUint32(offset, value, true),
  float32: (view, offset, value) => view.setFloat32(offset, value, true),
  float64: (view, offset, value) => view.setFloat64(offset, value, true),
};

const integerRange: Readonly<Partial<Record<VoxelType, readonly [number, number]>>> = {
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32768, 32767],
  uint16: [0, 65535],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint32: [0, 2 ** 32 - 1],
};

/** Writes voxels as `type`, little-endian. What an integer type cannot hold throws 'option'; float32 rounds. `what` names the image. */
export function writeVoxels(view: DataView, data: VoxelArray, type: VoxelType, what: string): void {
  const range = voxelType(data) === type ? undefined : integerRange[type];
  if (range !== undefined) checkRange(data, type, range, what);
  if (hostLittleEndian && voxelType(data) === type) {
    new Uint8Array(view.buffer, view.byteOffset).set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    return;
  }
  const set = setters[type];
  const width = bytesPerVoxel[type];
  for (let i = 0; i < data.length; i++) set(view, i * width, data[i]!);
}

function checkRange(data: VoxelArray, type: VoxelType, [low, high]: readonly [number, number], what: string): void {
  const misfit = data.findIndex((value) => !(value >= low && value <= high && Number.isInteger(value)));
  if (misfit >= 0)
    throw new VoxelgradError('option', {
      what,
      expected: `whole numbers from ${low} to ${high}, for ${type}`,
      got: `${data[misfit]} at voxel ${misfit}`,
      help: 'write it as float32',
    });
}
