/** Tables, letter by letter. */
import { describe, expect, it } from 'vitest';
import type { RegionMetrics } from '../evaluate/overlap.ts';
import { namedMetrics, summarize } from '../evaluate/summary.ts';
import { diceTable, formatTable } from './table.ts';

const dice = (value: number): RegionMetrics => ({
  Dice: value,
  IoU: 0,
  TP: 0,
  FP: 0,
  FN: 0,
  TN: 0,
  n_pred: 0,
  n_ref: 0,
});

const summary = summarize(
  [
    ['pred/case_b.nii.gz', 0.9, 0.8],
    ['C:\\pred\\longer_case.nii.gz', 0.5, Number.NaN],
    ['case_a', Number.NaN, Number.NaN],
  ].map(([file, ...values]) => ({
    reference_file: '',
    prediction_file: String(file),
    metrics: namedMetrics([1, [1, 2]], values.map(Number).map(dice)),
  })),
  [1, [1, 2]],
);

describe('diceTable', () => {
  it('lists cases and means', () => {
    expect(diceTable(summary, { names: { 1: 'anterior' } })).toBe(
      [
        'case         anterior  (1, 2)   mean',
        '────────────────────────────────────',
        'case_b          0.900   0.800  0.850',
        'longer_case     0.500       –  0.500',
        'case_a              –       –      –',
        '────────────────────────────────────',
        'mean of 3       0.700   0.800  0.750',
      ].join('\n'),
    );
  });

  it('lists the worst cases first', () => {
    expect(diceTable(summary, { worst: 1 }).split('\n')).toEqual([
      'worst cases      1  (1, 2)   mean',
      '─────────────────────────────────',
      'longer_case  0.500       –  0.500',
      '─────────────────────────────────',
      'mean of 3    0.700   0.800  0.750',
    ]);
  });
});

describe('formatTable', () => {
  it('counts characters as a terminal does', () => {
    expect(
      formatTable({
        header: ['a', 'b'],
        rows: [
          ['größe', '1'],
          ['gro\u0308ße', '22'],
        ],
      }).split('\n'),
    ).toEqual(['a       b', '─────────', 'größe   1', 'gro\u0308ße  22']);
  });
});
