/**
 * Opens what torch.save wrote, without Python and without running anything in it. Which of the formats a file has is seen from its bytes: endings
 * mean nothing in this world (.pth, .pt, .bin, .ckpt, .model all hold any of them).
 */
import { VoxelgradError } from '@voxelgrad/tensor';
import type { PickleLimits } from '../pickle/budget.ts';
import type { Pickled } from '../pickle/values.ts';
import { readRange } from '../read-range.ts';
import type { FileSource } from '../source.ts';
import { isLegacyStart, readLegacyCheckpoint } from './legacy-file.ts';
import { readZipCheckpoint } from './zip-file.ts';

export type WeightsFormat = 'torch-zip' | 'torch-legacy' | 'safetensors' | 'unknown';

/** What a file with weights is, by its first bytes. */
export async function weightsFormat(source: FileSource): Promise<WeightsFormat> {
  const bytes = await readRange(source, 0, Math.min(source.size, 64));
  if (bytes[0] === 0x50 && bytes[1] === 0x4b && (bytes[2] === 3 || bytes[2] === 5)) return 'torch-zip';
  if (isLegacyStart(bytes)) return 'torch-legacy';
  // Eight bytes of header length, of which a header within the file leaves the last two zero, then JSON.
  if (bytes[8] === 0x7b && bytes[6] === 0 && bytes[7] === 0) return 'safetensors';
  return 'unknown';
}

export interface TorchFileOptions {
  readonly limits?: Partial<PickleLimits>;
}

/**
 * The object that a checkpoint holds. Its tensors are `TorchTensor`, whose values `readTorchTensor` reads when they are wanted.
 * Throws 'format' for what is damaged, too large, no checkpoint, or asks Python to run anything, which it names.
 */
export async function readTorchFile(source: FileSource, { limits = {} }: TorchFileOptions = {}): Promise<Pickled> {
  const format = await weightsFormat(source);
  if (format === 'torch-zip') return readZipCheckpoint(source, limits);
  if (format === 'torch-legacy') return readLegacyCheckpoint(source, limits);
  const tar = format === 'unknown' && (await isTar(source));
  throw new VoxelgradError('format', {
    what: source.path,
    expected: 'a checkpoint that torch.save wrote',
    got:
      format === 'safetensors'
        ? 'safetensors'
        : tar
          ? "a tar archive, PyTorch's format before version 0.2"
          : 'another file',
    help:
      format === 'safetensors'
        ? 'read it with readSafetensors of @voxelgrad/nn'
        : tar
          ? 'load it with PyTorch and save it again'
          : 'is it whole, and the right one?',
  });
}

async function isTar(source: FileSource): Promise<boolean> {
  if (source.size < 512) return false;
  return new TextDecoder().decode((await readRange(source, 257, 5)).subarray()) === 'ustar';
}
