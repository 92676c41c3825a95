/** Resizing of labels, on every device, label by label the same as plain loops in double precision. */
import { expect, it } from 'vitest';
import { fromArray, resizeLabels, type Triple, tidy } from '../../index.ts';
import { describeOnEach, testValues } from '../../testing.ts';
import type { LabelRule } from './resize-labels.kernels.ts';
import { cornersOf, decided } from './resize-labels.reference.ts';

const rules = ['half', 'more than half', 'largest'] as const satisfies LabelRule[];

/** From 12 to 15 voxels many shares are a half but for rounding, which falls on either side of it. */
const sizes: readonly (readonly [from: Triple, to: Triple])[] = [
  [
    [4, 5, 6],
    [6, 9, 11],
  ],
  [
    [7, 9, 11],
    [5, 6, 7],
  ],
  [
    [1, 12, 10],
    [1, 7, 33],
  ],
  [
    [12, 12, 12],
    [15, 15, 15],
  ],
  [
    [6, 6, 6],
    [12, 3, 18],
  ],
];

describeOnEach('resizeLabels on $name', ({ open }) => {
  for (const [from, to] of sizes)
    for (const count of [2, 5, 40])
      it(`${count} labels, ${from} → ${to}`, async () => {
        const device = await open();
        // −1 is what lies outside of the object.
        const labels = Int32Array.from(
          testValues([2, ...from], count),
          (value) => Math.floor((value + 1) * 0.499 * count) - 1,
        );
        const half = labels.length / 2;
        const corners = [0, half].flatMap((start) => cornersOf(labels.subarray(start, start + half), from, to));
        const x = fromArray(labels, [2, ...from], { device });
        for (const rule of rules) {
          const out = tidy(() => resizeLabels(x, to, rule));
          expect(out.shape).toEqual([2, ...to]);
          expect(await out.data()).toEqual(Int32Array.from(corners, (around) => decided(rule, around)));
          out.dispose();
        }
        x.dispose();
      });

  it('decides as double precision where single precision would not', async () => {
    const device = await open();
    const [from, to]: [Triple, Triple] = [
      [12, 12, 12],
      [15, 15, 15],
    ];
    const labels = Int32Array.from(testValues([1, ...from], 3), (value) => (value > 0 ? 1 : 0));
    const corners = cornersOf(labels, from, to);
    const single = corners.map((around) =>
      around.reduce((sum, { label, share }) => Math.fround(sum + (label === 1 ? Math.fround(share) : 0)), 0),
    );
    const exact = corners.map((around) => decided('half', around));
    // Else this tests nothing.
    expect(single.filter((share, i) => (share >= 0.5 ? 1 : 0) !== exact[i]).length).toBeGreaterThan(0);
    const x = fromArray(labels, [1, ...from], { device });
    const out = tidy(() => resizeLabels(x, to, 'half'));
    expect([...(await out.data())]).toEqual(exact);
    for (const tensor of [x, out]) tensor.dispose();
  });

  it('nearest voxels, and what does not fit', async () => {
    const device = await open();
    const x = fromArray(Int32Array.of(1, 2, 300, -1), [1, 1, 2, 2], { device });
    const out = tidy(() => resizeLabels(x, [1, 2, 4], 'nearest'));
    expect([...(await out.data())]).toEqual([1, 1, 2, 2, 300, 300, -1, -1]);
    expect(() => resizeLabels(x, [1, 2, 0], 'half')).toThrowError(/size of three whole numbers/);
    // @ts-expect-error: no such rule
    expect(() => resizeLabels(x, [1, 2, 4], 'most')).toThrowError(/half, more than half, largest, nearest/);
    const empty = fromArray(new Int32Array(0), [1, 0, 2, 2], { device });
    expect(() => resizeLabels(empty, [1, 2, 4], 'half')).toThrowError(/at least one voxel/);
    const floats = fromArray([1, 2], [1, 1, 1, 2], { device });
    expect(() => resizeLabels(floats, [1, 2, 4], 'half')).toThrowError(/expected i32/);
    for (const tensor of [x, out, empty, floats]) tensor.dispose();
  });
});
