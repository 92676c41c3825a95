/** A preprocessed case into the store, in chunks that suit the configuration's patches. */
import type { Case } from '@voxelgrad/io';
import { writeCase } from '@voxelgrad/io/node/disk';
import type { Triple } from '@voxelgrad/tensor';
import { patchTriple } from '../../experiment/patch-triple.ts';
import type { Preprocessed, PreprocessingContext } from '../preprocess-case.ts';

/** `key` says what the case was made from and how. */
export async function storePreprocessed(
  { name }: Case,
  stored: Preprocessed,
  context: PreprocessingContext,
  target: string,
  key: string,
): Promise<void> {
  const patchSize: Triple = patchTriple(context.configuration.patch_size);
  await writeCase(target, name, stored, { patchSize, key });
}
