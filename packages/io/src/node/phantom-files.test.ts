/** Phantoms on disk are a BraTS 2023 data set like any other. */
import { describe, expect, it } from 'vitest';
import { readCase } from '../dataset/dataset.ts';
import { checkIntegrity } from '../dataset/integrity.ts';
import { openDataSet } from '../dataset/open.ts';
import { makePhantomCase } from '../phantom/phantom.ts';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import { openFolder } from './files.ts';
import { writePhantomFiles } from './phantom-files.ts';

describe('phantom files', () => {
  it('open as BraTS 2023, without a problem, with the voxels that were made', async () => {
    const folder = temporaryFolder();
    const made: string[] = [];
    const options = { seed: 7, shape: [24, 32, 28] } as const;
    await writePhantomFiles(folder, { ...options, cases: 3, onCase: (name) => made.push(name) });
    const dataset = await openDataSet(await openFolder(folder));
    expect(dataset.layout).toBe('brats');
    expect(dataset.cases.map(({ name }) => name)).toEqual(made);
    expect(dataset.labels?.classes.map(({ values }) => values)).toEqual([[1, 2, 3], [1, 3], [3]]);
    expect(await checkIntegrity(dataset)).toMatchObject({ problems: [], warnings: [] });

    const read = await readCase(dataset.cases[2]!);
    const { images, label } = makePhantomCase(2, options);
    expect(read.label?.data).toEqual(label.data);
    expect(read.channels[1]!.data).toEqual(Float32Array.from(images.t1c.data));
    expect(read.channels[0]!.spacing).toEqual([1, 1, 1]);
    expect(read.channels[0]!.affine).toEqual(images.t1n.affine);
  });
});
