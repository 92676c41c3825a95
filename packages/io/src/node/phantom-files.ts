/** Writes phantom cases as a BraTS 2023 data set. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Shape3 } from '../phantom/anatomy.ts';
import { modalities } from '../phantom/contrast.ts';
import { makePhantomCase } from '../phantom/phantom.ts';
import { writeImageFile } from './images.ts';

export interface PhantomFilesOptions {
  readonly cases: number;
  readonly seed: number;
  /** [z, y, x]; [48, 64, 64] by default. */
  readonly shape?: Shape3;
  /** Called after each case. */
  readonly onCase?: (name: string, index: number) => void;
}

/** Writes `FOLDER/BraTS-PHANTOM-00000-000/BraTS-PHANTOM-00000-000-t1n.nii.gz` and so on; the folder is made if need be. */
export async function writePhantomFiles(folder: string, options: PhantomFilesOptions): Promise<void> {
  for (let index = 0; index < options.cases; index++) {
    const { name, images, label } = makePhantomCase(index, options);
    await mkdir(join(folder, name), { recursive: true });
    const file = (ending: string) => join(folder, name, `${name}-${ending}.nii.gz`);
    // Noise hardly compresses: level 6 takes three times as long to save 3 %.
    for (const modality of modalities) await writeImageFile(file(modality), images[modality], { compressionLevel: 1 });
    await writeImageFile(file('seg'), label);
    options.onCase?.(name, index);
  }
}
