/** The error for a file that torch.save cannot have written. */
import { VoxelgradError } from '@voxelgrad/tensor';
import type { FileSource } from '../source.ts';

export const refuseTorchFile = (source: FileSource, expected: string, got: string): VoxelgradError =>
  new VoxelgradError('format', { what: source.path, expected, got, help: 'is it the file that torch.save wrote?' });
