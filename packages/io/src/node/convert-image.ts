/** One image from one format to another: a file, or a folder that holds a DICOM series. */
import { stat } from 'node:fs/promises';
import { type ReadSeriesOptions, readDicomSeries } from '../dicom/read.ts';
import type { Image } from '../image.ts';
import { openFolder } from './files.ts';
import { readImageFile, type WriteFileOptions, writeImageFile } from './images.ts';

export interface ConvertOptions extends WriteFileOptions {
  /** Series Instance UID, where a folder has several series. */
  readonly series?: string;
  /** Called after each slice of a DICOM series. */
  readonly onSlice?: ReadSeriesOptions['onSlice'];
}

/**
 * Reads `from` and writes `to`, whose ending says the format. Voxels keep their type unless another is asked for; spacing, position and direction are
 * kept as far as the format has them. Returns what was read. Throws as the readers and writers do.
 */
export async function convertImage(from: string, to: string, options: ConvertOptions = {}): Promise<Image> {
  const { series, onSlice, ...write } = options;
  const folder = await stat(from).then(
    (found) => found.isDirectory(),
    () => false,
  );
  const image = folder
    ? await readDicomSeries(await openFolder(from), {
        ...(series === undefined ? {} : { series }),
        ...(onSlice === undefined ? {} : { onSlice }),
      })
    : await readImageFile(from);
  await writeImageFile(to, image, write);
  return image;
}
