/** What to do where a training does not fit, in the command line's words. */
import { isVoxelgradError, VoxelgradError } from '@voxelgrad/tensor';

const HELP =
  'train with --gradient-checkpointing, with --accumulation 2 or more, or with both, which takes longer; or plan smaller patches with voxelgrad plan --fit-memory auto';

/** Does the work; an error of memory says which options need less. */
export async function withMemoryHelp<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!isVoxelgradError(error, 'out-of-memory')) throw error;
    throw new VoxelgradError('out-of-memory', { ...error.details, help: HELP, cause: error });
  }
}
