/** The folds against those that the official code made, and the file that holds them. */
import { isVoxelgradError } from '@voxelgrad/tensor';
import { lacking } from '@voxelgrad/tensor/testing-skips';
import { describe, expect, it } from 'vitest';
import { fixtureFolder } from '../evaluate/fixtures.testing.ts';
import { crossValidationSplits, splitOfFold } from './splits.ts';
import { casesOnBothSides, formatSplits, parseSplits } from './splits-file.ts';

const fixtures = fixtureFolder('evaluation');

function tableOf<Row>(op: string): readonly Row[] {
  return fixtures.casesOf<{ table: readonly Row[] }>(op)[0]!.attrs.table;
}

/** case000, case001, …: sorted as text and by number alike. */
const cases = (count: number): string[] => Array.from({ length: count }, (_, i) => `case${String(i).padStart(4, '0')}`);
const positions = (identifiers: readonly string[]): number[] => identifiers.map((one) => Number(one.slice(4)));

describe('crossValidationSplits', () => {
  it('makes the folds of the official code', lacking(fixtures.missing), () => {
    const table = tableOf<{ identifiers: string[]; val: string[][] }>('generate_crossval_split');
    expect(table.length).toBeGreaterThan(3);
    for (const { identifiers, val } of table) {
      const splits = crossValidationSplits([...identifiers].reverse());
      expect(splits.map((split) => split.val)).toEqual(val);
      for (const { train, val: held } of splits)
        expect(train).toEqual(identifiers.filter((one) => !held.includes(one)));
    }
  });

  it('makes the folds known for 260 and 1,251 cases', () => {
    const hippocampus = crossValidationSplits(cases(260));
    expect(positions(hippocampus[0]!.val).slice(0, 10)).toEqual([9, 10, 16, 18, 20, 30, 33, 40, 47, 50]);
    expect(hippocampus.map((split) => split.val.length)).toEqual([52, 52, 52, 52, 52]);
    const brats = crossValidationSplits(cases(1251));
    expect(positions(brats[0]!.val).slice(0, 10)).toEqual([0, 6, 10, 17, 20, 22, 25, 29, 30, 33]);
    expect(brats.map((split) => split.val.length)).toEqual([251, 250, 250, 250, 250]);
  });

  it('validates every case exactly once', () => {
    for (const count of [5, 6, 9, 57]) {
      const splits = crossValidationSplits(cases(count));
      expect(splits.flatMap((split) => split.val).sort()).toEqual(cases(count));
    }
  });

  it('refuses fewer cases than folds, and one case twice', () => {
    expect(() => crossValidationSplits(cases(4))).toThrow(/at least 5 cases, got 4\nhelp: Train on all/);
    expect(() => crossValidationSplits([...cases(5), 'case0001'])).toThrow(/'case0001'/);
  });
});

describe('splitOfFold', () => {
  it('draws the folds beyond the split as the official code does', lacking(fixtures.missing), () => {
    for (const { n, fold, train_idx } of tableOf<{ n: number; fold: number; train_idx: number[] }>('random_80_20')) {
      const split = splitOfFold(fold, crossValidationSplits(cases(n)), cases(n).reverse());
      expect(positions(split.train)).toEqual(train_idx);
      expect([...split.train, ...split.val].sort()).toEqual(cases(n));
    }
  });

  it("has every case in both lists of fold 'all'", () => {
    expect(splitOfFold('all', [], ['b', 'a'])).toEqual({ train: ['a', 'b'], val: ['a', 'b'] });
  });

  it('refuses what is no fold', () => {
    for (const fold of [-1, 0.5, Number.NaN]) expect(() => splitOfFold(fold, [], cases(5))).toThrow(/fold/);
  });
});

describe('splits_final.json', () => {
  it('comes back as it was written', () => {
    const splits = crossValidationSplits(cases(7));
    expect(parseSplits(formatSplits(splits), cases(7))).toEqual(splits);
  });

  it('tells which cases stand on both sides', () => {
    expect(casesOnBothSides({ train: ['a', 'b'], val: ['b', 'c'] })).toEqual(['b']);
    expect(crossValidationSplits(cases(7)).flatMap(casesOnBothSides)).toEqual([]);
  });

  it.each([
    ['no JSON', '[', 'format', /not JSON/],
    ['no list', '{}', 'format', /a list of/],
    ['a split without val', '[{"train": ["case0000"]}]', 'format', /fold 0/],
    ['identifiers that are no text', '[{"train": [1], "val": []}]', 'format', /fold 0/],
    ['an unknown case', '[{"train": ["case0000"], "val": ["x"]}]', 'dataset', /fold 0.*'x'/],
    ['nothing to train on', '[{"train": [], "val": ["case0000"]}]', 'dataset', /at least one training case/],
  ] as const)('refuses %s', (_, text, code, message) => {
    const attempt = (): unknown => parseSplits(text, cases(3));
    expect(attempt).toThrow(message);
    try {
      attempt();
    } catch (error) {
      expect(isVoxelgradError(error, code)).toBe(true);
    }
  });
});
