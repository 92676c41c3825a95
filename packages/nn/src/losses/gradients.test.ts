/**
 * Gradients of the losses against finite differences of their definitions in double precision, along random directions, for random logits, targets and
 * settings. The definitions are written voxel by voxel and share no code with the engine.
 */
import { fromArray, softmax, type Tensor, tidy } from '@voxelgrad/tensor';
import { describeOnEach, expectClose } from '@voxelgrad/tensor/testing';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { binaryCrossEntropy, crossEntropy } from './cross-entropy.ts';
import { diceLoss } from './dice.ts';
import { binaryFocalLoss, focalLoss, tverskyLoss } from './focal.ts';

const STEP = 1e-5;
const CASES = 20;

/** Numbers of one case: `[n, voxels, c]` for logits and one-hot target, `[n, voxels]` for the mask. */
interface Case {
  readonly n: number;
  readonly voxels: number;
  readonly c: number;
  readonly logits: number[];
  readonly direction: number[];
  readonly target: number[];
  readonly mask: number[];
  readonly gamma: number;
  readonly alpha: number;
  readonly beta: number;
  readonly batch: boolean;
  readonly background: boolean;
}

const drawn: fc.Arbitrary<Case> = fc
  .record({
    n: fc.integer({ min: 1, max: 3 }),
    voxels: fc.integer({ min: 2, max: 7 }),
    c: fc.integer({ min: 2, max: 4 }),
    gamma: fc.constantFrom(0, 0.5, 1, 2, 3.5),
    alpha: fc.constantFrom(0.3, 0.5, 0.9),
    beta: fc.constantFrom(0.1, 0.5, 1),
    batch: fc.boolean(),
    background: fc.boolean(),
  })
  .chain((sizes) => {
    const { n, voxels, c } = sizes;
    const values = (least: number, most: number) => {
      const value = fc.double({ min: least, max: most, noNaN: true }).map(Math.fround);
      return fc.array(value, { minLength: n * voxels * c, maxLength: n * voxels * c });
    };
    const whole = (most: number) =>
      fc.array(fc.integer({ min: 0, max: most }), { minLength: n * voxels, maxLength: n * voxels });
    return fc
      .record({ logits: values(-3, 3), direction: values(-1, 1), labels: whole(c - 1), mask: whole(1) })
      .map(({ labels, mask, ...rest }) => ({
        ...sizes,
        ...rest,
        target: labels.flatMap((label) => Array.from({ length: c }, (_, k) => Number(k === label))),
        // At least one voxel counts.
        mask: mask.map((value, i) => (i === 0 ? 1 : value)),
      }));
  });

const sumOf = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const meanOf = (values: readonly number[]): number => sumOf(values) / values.length;

/** The probability of every voxel and channel. */
function probabilities(logits: readonly number[], c: number): number[] {
  return logits.map((logit, i) => {
    const start = i - (i % c);
    return Math.exp(logit) / sumOf(logits.slice(start, start + c).map(Math.exp));
  });
}

/** `−ln p` of the true class, and p, of every voxel. */
const ofTrueClass = ({ c, target, mask }: Case, logits: readonly number[]): number[] => {
  const p = probabilities(logits, c);
  return mask.map((_, voxel) => p[voxel * c + target.slice(voxel * c, voxel * c + c).indexOf(1)]!);
};

/** A score of true positives, false positives and false negatives, averaged over samples (or their union) and channels, negated. */
function overlapLoss(
  given: Case,
  logits: readonly number[],
  { batch, mask }: { readonly batch: boolean; readonly mask: readonly number[] },
  score: (truePositive: number, falsePositive: number, falseNegative: number) => number,
): number {
  const { n, voxels, c, target, background } = given;
  const p = probabilities(logits, c);
  const scores: number[] = [];
  for (let sample = 0; sample < (batch ? 1 : n); sample++)
    for (let channel = background ? 0 : 1; channel < c; channel++) {
      const first = batch ? 0 : sample * voxels;
      const counted = Array.from({ length: batch ? n * voxels : voxels }, (_, i) => first + i);
      const total = (term: (p: number, t: number) => number): number =>
        sumOf(counted.map((voxel) => mask[voxel]! * term(p[voxel * c + channel]!, target[voxel * c + channel]!)));
      scores.push(
        score(
          total((p, t) => p * t),
          total((p, t) => p * (1 - t)),
          total((p, t) => (1 - p) * t),
        ),
      );
    }
  return -meanOf(scores);
}

const SMOOTH = 1e-5;

interface Loss {
  readonly run: (given: Case, logits: Tensor, target: Tensor, mask: Tensor) => Tensor;
  readonly reference: (given: Case, logits: readonly number[]) => number;
}

const LOSSES: Readonly<Record<string, Loss>> = {
  'cross-entropy': {
    run: (_, logits, target) => crossEntropy(logits, target),
    reference: (given, logits) => meanOf(ofTrueClass(given, logits).map((p) => -Math.log(p))),
  },
  'masked cross-entropy': {
    run: (_, logits, target, mask) => crossEntropy(logits, target, mask),
    reference: (given, logits) =>
      sumOf(ofTrueClass(given, logits).map((p, i) => -given.mask[i]! * Math.log(p))) / sumOf(given.mask),
  },
  'masked binary cross-entropy': {
    run: (_, logits, target, mask) => binaryCrossEntropy(logits, target, mask),
    reference: ({ c, target, mask }, logits) =>
      sumOf(
        logits.map((logit, i) => {
          const p = 1 / (1 + Math.exp(-logit));
          return -mask[Math.floor(i / c)]! * Math.log(target[i] === 1 ? p : 1 - p);
        }),
      ) / sumOf(mask),
  },
  focal: {
    run: ({ gamma }, logits, target) => focalLoss(logits, target, gamma),
    reference: (given, logits) =>
      meanOf(ofTrueClass(given, logits).map((p) => -((1 - p) ** given.gamma) * Math.log(p))),
  },
  'masked binary focal': {
    run: ({ gamma }, logits, target, mask) => binaryFocalLoss(logits, target, mask, gamma),
    reference: ({ c, target, mask, gamma }, logits) =>
      sumOf(
        logits.map((logit, i) => {
          const p = 1 / (1 + Math.exp(target[i] === 1 ? -logit : logit));
          return -mask[Math.floor(i / c)]! * (1 - p) ** gamma * Math.log(p);
        }),
      ) / sumOf(mask),
  },
  'masked Dice': {
    run: ({ batch, background }, logits, target, mask) =>
      diceLoss(softmax(logits), target, { batch, background }, mask),
    reference: (given, logits) =>
      overlapLoss(given, logits, given, (tp, fp, fn) => (2 * tp + SMOOTH) / Math.max(2 * tp + fp + fn + SMOOTH, 1e-8)),
  },
  Tversky: {
    run: ({ alpha, beta, background }, logits, target) =>
      tverskyLoss(softmax(logits), target, { alpha, beta, background }),
    reference: (given, logits) =>
      overlapLoss(
        given,
        logits,
        { batch: false, mask: given.mask.map(() => 1) },
        (tp, fp, fn) => (tp + SMOOTH) / (tp + given.alpha * fp + given.beta * fn + SMOOTH),
      ),
  },
};

describeOnEach('gradients of losses on $name', ({ open }) => {
  it.each(Object.keys(LOSSES))('%s', async (name) => {
    const device = await open();
    const { run, reference } = LOSSES[name]!;
    await fc.assert(
      fc.asyncProperty(drawn, async (given) => {
        const { n, voxels, c, direction } = given;
        const logits = fromArray(Float32Array.from(given.logits), [n, voxels, c], { device }).requireGradient();
        const loss = tidy(() => {
          const target = fromArray(given.target, [n, voxels, c], { device });
          const value = run(given, logits, target, fromArray(given.mask, [n, voxels, 1], { device }));
          value.backward();
          return value.detach();
        });
        expectClose([await loss.item()], [reference(given, given.logits)], { rtol: 1e-4, atol: 1e-5 });
        const along = (step: number): number =>
          reference(
            given,
            given.logits.map((logit, i) => logit + step * direction[i]!),
          );
        const slope = sumOf([...(await logits.gradient!.data())].map((g, i) => g * direction[i]!));
        const difference = (along(STEP) - along(-STEP)) / (2 * STEP);
        expect(Math.abs(slope - difference), `${slope}, expected ${difference}`).toBeLessThan(
          1e-3 * Math.abs(difference) + 2e-5,
        );
        for (const tensor of [logits, loss]) tensor.dispose();
      }),
      { numRuns: CASES, seed: 20261124, endOnFailure: true },
    );
  });
});
