/** A preprocessed data set of six tiny cases: balls with a core, on noise. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Affine } from '@voxelgrad/io';
import { writeCase, writeImageFile } from '@voxelgrad/io/node';
import { tinyPlans } from './tiny-plans.testing.ts';

export const tinyDataset = 'Dataset009_Balls';

export const tinyDescription = (labels: object, more: object = {}): string =>
  JSON.stringify({ channel_names: { 0: 'MRI' }, labels, numTraining: 6, file_ending: '.nii.gz', ...more });

/** Writes it below `preprocessed`, for 2d and 3d_fullres and, with `cascade`, for 3d_lowres at half the resolution. */
export async function writeTinyDataSet(preprocessed: string, { cascade = false } = {}): Promise<void> {
  const folder = join(preprocessed, tinyDataset);
  mkdirSync(join(folder, 'gt_segmentations'), { recursive: true });
  writeFileSync(join(folder, 'nnUNetPlans.json'), JSON.stringify(tinyPlans(tinyDataset, { cascade })));
  writeFileSync(join(folder, 'dataset_fingerprint.json'), '{}');
  writeFileSync(join(folder, 'dataset.json'), tinyDescription({ background: 0, shell: 1, core: 2 }));
  for (const configuration of ['2d', '3d_fullres'])
    for (let index = 0; index < 6; index++) {
      const seg = await writeBall(join(folder, `nnUNetPlans_${configuration}`), index);
      const truth = join(folder, 'gt_segmentations', `ball_${index}.nii.gz`);
      await writeImageFile(truth, { shape: [12, 12, 12], data: seg, spacing: [1, 1, 1], affine });
    }
  for (let index = 0; cascade && index < 6; index++) await writeBall(join(folder, 'nnUNetPlans_3d_lowres'), index, 2);
}

const affine: Affine = [-1, 0, 0, 5, 0, -1, 0, 7, 0, 0, 1, 9, 0, 0, 0, 1];

/** [12, 12, 12] voxels, or every second or third of them. */
async function writeBall(store: string, index: number, step = 1): Promise<Int16Array> {
  const size = 12 / step;
  const data = new Float32Array(size ** 3);
  const seg = new Int16Array(size ** 3);
  let state = index + 1;
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const place = [Math.floor(i / size ** 2), Math.floor(i / size) % size, i % size].map((at) => step * at);
    const distance = Math.hypot(place[0]! - 5, place[1]! - 4 - (index % 3), place[2]! - 6);
    seg[i] = distance < 2 ? 2 : distance < 4 ? 1 : 0;
    data[i] = seg[i]! + state / 2 ** 32 - 1;
  }
  const classLocations = [[1], [2]].map((labels) => ({
    labels,
    voxels: Uint32Array.from([...seg.keys()].filter((i) => seg[i] === labels[0])),
  }));
  const shape = [12, 12, 12];
  const properties = {
    spacing: [1, 1, 1],
    shape_before_cropping: shape,
    bbox_used_for_cropping: shape.map((extent) => [0, extent]),
    shape_after_cropping_and_before_resampling: shape,
    affine: [...affine],
  };
  await writeCase(
    store,
    `ball_${index}`,
    { shape: [size, size, size], channels: 1, data, seg, classLocations, properties },
    { patchSize: [8, 8, 8] },
  );
  return seg;
}
