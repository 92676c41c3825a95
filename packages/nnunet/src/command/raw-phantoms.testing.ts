/** A raw data set of small phantoms as nnU-Net lays it out: one channel, three labels. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makePhantomCase } from '@voxelgrad/io';
import { writeImageFile } from '@voxelgrad/io/node';

/** Writes `cases` phantoms of [18, 24, 26] voxels below `folder`. */
export async function writeRawPhantoms(folder: string, cases: number, ending = '.nii.gz'): Promise<void> {
  for (const name of ['imagesTr', 'labelsTr']) mkdirSync(join(folder, name), { recursive: true });
  for (let index = 0; index < cases; index++) {
    const { name, images, label } = makePhantomCase(index, { seed: 3, shape: [18, 24, 26] });
    await writeImageFile(join(folder, 'imagesTr', `${name}_0000${ending}`), images.t1c);
    await writeImageFile(join(folder, 'labelsTr', `${name}${ending}`), label);
  }
  const labels = { background: 0, necrosis: 1, oedema: 2, enhancing: 3 };
  const description = { channel_names: { 0: 'T1ce' }, labels, numTraining: cases, file_ending: ending };
  writeFileSync(join(folder, 'dataset.json'), JSON.stringify(description));
}
