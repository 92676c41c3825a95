/** Real data sets, where they are at hand. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openFolder } from '../node/files.ts';
import { needsShared, sharedPath } from '../testing/shared-data.ts';
import { readCase } from './dataset.ts';
import { checkIntegrity } from './integrity.ts';
import { openDataSet } from './open.ts';

describe('real data', () => {
  const hippocampus = sharedPath('data/Dataset004_Hippocampus');
  const brats = sharedPath('data/brats');

  it('hippocampus: 200 cases without a problem', {
    timeout: 60_000,
    ...needsShared('data/Dataset004_Hippocampus'),
  }, async () => {
    const dataset = await openDataSet(await openFolder(hippocampus!));
    expect([dataset.cases.length, dataset.cases[0]!.name, dataset.channelNames]).toEqual([
      200,
      'hippocampus_001',
      ['MRI'],
    ]);
    expect((await checkIntegrity(dataset)).problems).toEqual([]);
  });

  it('BraTS: a labelled case with 1, 2, 4 and one without labels', {
    timeout: 60_000,
    ...needsShared('data/brats'),
  }, async () => {
    const dataset = await openDataSet(await openFolder(brats!));
    expect(dataset.cases.map(({ name, label }) => [name, label !== undefined])).toEqual([
      ['BraTS-GLI-00001-000', false],
      ['BraTS-TCGA-FG-6692', true],
    ]);
    expect(dataset.labels?.classes.map(({ values }) => values)).toEqual([[1, 2, 4], [1, 4], [4]]);
    const { channels, label } = await readCase(dataset.cases[1]!);
    expect(channels.map(({ shape }) => shape)).toEqual(Array(4).fill([155, 240, 240]));
    const counts = [0, 0, 0, 0, 0];
    for (const value of label!.data) counts[value]!++;
    expect(counts).toEqual([8897821, 2477, 20862, 0, 6840]);
  });

  it('BraTS 2013: labels 0 to 4, a mask stored with a scale', {
    timeout: 60_000,
    ...needsShared('data/brats'),
  }, async () => {
    const root = await openFolder(join(brats!, 'brats2013_flair_t1c'));
    const dataset = await openDataSet(root);
    expect(dataset.cases.map(({ name }) => name)).toEqual([
      'brats_2013_pat0004_1',
      'brats_2013_pat0005_1',
      'brats_2013_pat0006_1',
    ]);
    expect((await checkIntegrity({ ...dataset, cases: dataset.cases.slice(0, 1) })).problems).toEqual([]);
    const masked = await openDataSet(root, { channels: { Flair: 'Flair*' }, label: 'brainmask*' });
    const { label } = await readCase(masked.cases[0]!);
    expect([...new Set(label!.data)].sort()).toEqual([0, 1]);
  });
});
