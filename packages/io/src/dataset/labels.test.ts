/** Regions to and from label maps, by hand and there and back. */
import { describe, expect, it } from 'vitest';
import { bratsLabels } from './brats.ts';
import { allowedValues, labelEntries, labelsToRegions, parseLabels, regionsToLabels } from './labels.ts';

describe('regions', () => {
  it.each(['1,2,3', '1,2,4', '1,2,3,4'] as const)('BraTS %s: overlapping masks, channels last', (convention) => {
    const labels = bratsLabels(convention);
    const enhancing = convention === '1,2,3' ? 3 : 4;
    const masks = labelsToRegions([0, 1, 2, enhancing], labels.classes);
    expect([...masks]).toEqual([0, 0, 0, 1, 1, 0, 1, 0, 0, 1, 1, 1]);
    expect([...regionsToLabels(masks, labels.regionsClassOrder!, 0.5)]).toEqual([0, 1, 2, enhancing]);
  });

  it('2013: non-enhancing tumour is core', () => {
    expect([...labelsToRegions([3], bratsLabels('1,2,3,4').classes)]).toEqual([1, 1, 0]);
  });

  it('paints later regions over earlier ones, where the score is over the threshold', () => {
    const scores = Float32Array.of(0.6, 0.4, 0.2, 0.6, 0.7, 0.5, 0.1, 0.9, 0.9, 0.5, 0.5, 0.5);
    expect([...regionsToLabels(scores, [2, 1, 3], 0.5)]).toEqual([2, 1, 3, 0]);
    expect([...regionsToLabels(Float32Array.of(-1, 2), [1, 2], 0)]).toEqual([2]);
  });

  it('takes values that belong to no class for background', () => {
    expect([...labelsToRegions(Int16Array.of(-1, 9, 1), [{ name: 'a', values: [1] }])]).toEqual([0, 0, 1]);
  });
});

describe('labels', () => {
  it('go back to the entries they came from', () => {
    const entries = { background: 0, a: 1, b: 2, ignore: 3 };
    const labels = parseLabels(entries, undefined, 'test');
    expect(labelEntries(labels)).toEqual(entries);
    expect(allowedValues(labels)).toEqual([0, 1, 2, 3]);
  });
});
