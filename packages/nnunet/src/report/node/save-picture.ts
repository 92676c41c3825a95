/** Writes pictures to disk. */
import { writeFileAtomic } from '@voxelgrad/io/node';
import { encodePng } from '../png.ts';
import type { Canvas } from '../raster/canvas.ts';

/** Writes `picture` as a PNG file, atomically. The folder must exist. Throws 'file'. */
export async function savePicture(picture: Canvas, path: string): Promise<void> {
  await writeFileAtomic(path, encodePng(picture));
}
