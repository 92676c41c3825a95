/** `postprocessing.pkl`: the steps as nnU-Net keeps them, a list of functions and one of their keyword arguments. Read and written without Python. */
import { itemsOf, type Pickled, PickledCallable, PickledName, PickledTuple, pickle, unpickle } from '@voxelgrad/io';
import { VoxelgradError } from '@voxelgrad/tensor';
import { type KeepLargest, officialModule, officialName } from './steps.ts';

export const encodeSteps = (steps: readonly KeepLargest[]): Uint8Array =>
  pickle(
    new PickledTuple([
      steps.map(() => new PickledName(officialModule, officialName)),
      steps.map(
        ({ labels }) => new Map<Pickled, Pickled>([[argument, typeof labels === 'number' ? labels : [...labels]]]),
      ),
    ]),
  );

const argument = 'labels_or_regions';

/** Throws 'format' for a pickle that names anything but the one function, which is not called. */
export function decodeSteps(bytes: Uint8Array, file: string): KeepLargest[] {
  const keepLargest = new PickledCallable(officialName, () => null);
  const globals = (module: string, name: string) =>
    module === officialModule && name === officialName ? keepLargest : undefined;
  const { value } = unpickle(bytes, { what: file, globals });
  const [functions, options] = (itemsOf(value) ?? []).map(itemsOf);
  const broken = (expected: string): VoxelgradError => new VoxelgradError('format', { what: file, expected });
  if (functions === undefined || options === undefined || functions.length !== options.length)
    throw broken('a list of functions and one of their arguments');
  return functions.map((name, i) => {
    const labels = options[i] instanceof Map ? options[i].get(argument) : undefined;
    // A region is a tuple of labels, several labels are a list, of regions perhaps: what counts is their union.
    const values = (itemsOf(labels) ?? [labels ?? null]).flatMap((item) => itemsOf(item) ?? [item]);
    if (name !== keepLargest || values.length === 0 || !values.every((item) => Number.isSafeInteger(item)))
      throw broken(`${officialName} with labels`);
    return { labels: typeof labels === 'number' ? labels : (values as number[]) };
  });
}
