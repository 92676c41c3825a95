/** Flags that nnU-Net's commands share, for what voxelgrad does in another way or has no need of. */
import { VoxelgradError } from '@voxelgrad/tensor';
import type { BooleanOption, NumberOption, StringOption } from '../terminal/option-spec.ts';

export const progressOption = {
  type: 'boolean',
  default: true,
  help: 'Show progress.',
} as const satisfies BooleanOption;

/** `-np`, where the work is done case by case. */
export const processesOption = {
  type: 'integer',
  minimum: 0,
  aliases: ['-np'],
  help: "nnU-Net's number of processes.",
  noEffect: 'cases are read and written one after the other, by one thread',
} as const satisfies NumberOption;

/** `-plans_json`, `-pfile`: nnU-Net looks up in it which class reads images. */
export const plansFileOption = {
  type: 'string',
  placeholder: 'file',
  help: 'plans.json, in which nnU-Net looks up how images are read.',
  noEffect: 'how an image is read, its file tells',
} as const satisfies StringOption;

/** The data set of commands that nnU-Net gives it as `-d`. */
export const datasetOption = {
  type: 'string',
  short: 'd',
  help: 'The data set, instead of the argument.',
} as const satisfies StringOption;

/** The one data set that was named, as the argument or by `-d`. Throws 'option' for none or two. */
export function oneDataset(command: string, [positional]: readonly string[], option: string | undefined): string {
  const named = positional ?? option;
  if (named !== undefined && (positional === undefined || option === undefined)) return named;
  throw new VoxelgradError('option', {
    what: `${command}: the data set`,
    expected: 'its number or name, once',
    got: named === undefined ? 'none' : `${positional} and -d ${option}`,
    help: `Write ${command} 4, or -d 4.`,
  });
}
