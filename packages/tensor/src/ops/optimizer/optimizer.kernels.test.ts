/** The optimizers' kernels on every device against PyTorch's rules written out in double precision. */
import { beforeAll, expect, it } from 'vitest';
import type { Device, Operand } from '../../device/device.ts';
import { describeOnEach, expectClose, testValues, upload } from '../../testing.ts';
import type { AdamSettings, AdanSettings, LossScaleSettings, SgdSettings } from './optimizer.kernels.ts';

const NO_SCALING: LossScaleSettings = { maximumNorm: 0, growthFactor: 2, backoffFactor: 0.5, growthInterval: 0 };
const SCALING: LossScaleSettings = { ...NO_SCALING, growthInterval: 3 };
const TOLERANCE = { rtol: 2e-5, atol: 1e-6 };

/** control: squared norm, factor, found-infinite, loss scale, steps since it grew, skipped steps, steps taken. */
const control = (scale = 1, sinceGrown = 0): number[] => [0, 1, 0, scale, sinceGrown, 0, 0, 0];

const squaredNorm = (gradient: ArrayLike<number>): number =>
  Array.from(gradient, (g) => g * g).reduce((a, b) => a + b, 0);

function referenceSgd(
  p: number[],
  g: ArrayLike<number>,
  buffer: number[],
  factor: number,
  settings: SgdSettings & { readonly learningRate: number; readonly firstStep: boolean },
): void {
  p.forEach((value, i) => {
    let gradient = g[i]! * factor + settings.weightDecay * value;
    if (settings.momentum !== 0) {
      const kept = settings.momentum * buffer[i]! + (1 - settings.dampening) * gradient;
      buffer[i] = settings.firstStep ? gradient : kept;
      gradient = settings.nesterov ? gradient + settings.momentum * buffer[i]! : buffer[i]!;
    }
    p[i] = value - settings.learningRate * gradient;
  });
}

interface AdamState {
  readonly p: number[];
  readonly first: number[];
  readonly second: number[];
  readonly maximum: number[];
}

function referenceAdam(
  state: AdamState,
  g: ArrayLike<number>,
  step: number,
  amsgrad: boolean,
  settings: AdamSettings & { readonly learningRate: number },
): void {
  const { beta1, beta2, learningRate, weightDecay, epsilon, decoupled } = settings;
  state.p.forEach((before, i) => {
    const gradient = g[i]! + (decoupled ? 0 : weightDecay * before);
    const value = decoupled ? before * (1 - learningRate * weightDecay) : before;
    const m = beta1 * state.first[i]! + (1 - beta1) * gradient;
    const v = beta2 * state.second[i]! + (1 - beta2) * gradient ** 2;
    const largest = Math.max(state.maximum[i]!, v);
    state.first[i] = m;
    state.second[i] = v;
    state.maximum[i] = largest;
    const scale = Math.sqrt(amsgrad ? largest : v) / Math.sqrt(1 - beta2 ** step) + epsilon;
    state.p[i] = value - (learningRate / (1 - beta1 ** step)) * (m / scale);
  });
}

interface AdanState {
  readonly p: number[];
  readonly previous: number[];
  readonly first: number[];
  readonly difference: number[];
  readonly second: number[];
}

/** Adan (Xie et al. 2022) as adan-pytorch 0.1.0 has it: moments begin with the second step, and are corrected as if they had begun with the first. */
function referenceAdan(
  state: AdanState,
  g: ArrayLike<number>,
  step: number,
  settings: AdanSettings & { readonly learningRate: number },
): void {
  const { beta1, beta2, beta3, learningRate, weightDecay, epsilon } = settings;
  state.p.forEach((before, i) => {
    if (step > 1) {
      const change = g[i]! - state.previous[i]!;
      state.first[i] = (1 - beta1) * state.first[i]! + beta1 * g[i]!;
      state.difference[i] = (1 - beta2) * state.difference[i]! + beta2 * change;
      state.second[i] = (1 - beta3) * state.second[i]! + beta3 * (g[i]! + (1 - beta2) * change) ** 2;
    }
    state.previous[i] = g[i]!;
    const corrected = (value: number, beta: number): number => value / (1 - (1 - beta) ** step);
    const direction = corrected(state.first[i]!, beta1) + (1 - beta2) * corrected(state.difference[i]!, beta2);
    const spread = Math.sqrt(corrected(state.second[i]!, beta3)) + epsilon;
    state.p[i] = (before - (learningRate * direction) / spread) / (1 + weightDecay * learningRate);
  });
}

describeOnEach('optimizer kernels on $name', ({ open }) => {
  let device: Device;

  beforeAll(async () => {
    device = await open();
  });

  const flat = (values: ArrayLike<number>): Operand => upload(device, 'f32', [values.length], values);

  const prepared = async (
    gradient: ArrayLike<number>,
    words: number[],
    settings: LossScaleSettings,
  ): Promise<number[]> => {
    const operand = flat(words);
    device.kernels.prepareStep(flat(gradient), operand, settings);
    return Array.from(await device.read(operand));
  };

  it.each([1, 3, 64, 1003, 100_001])('the squared norm of %i gradients', async (size) => {
    const gradient = testValues([size], size);
    const words = await prepared(gradient, control(), NO_SCALING);
    expectClose(words, [squaredNorm(gradient), 1, 0, 1, 0, 0, 1, 0], { rtol: 1e-5, atol: 0 });
  });

  // Equal values round the same way at every step, so that errors pile up; few large ones leave little room for the small.
  it.each<[string, (i: number) => number]>([
    ['0.1', () => 0.1],
    ['0.7', () => 0.7],
    ['all sizes', (i) => (i % 10_007 === 5 ? 100 : 0.01)],
  ])('the squared norm of a million gradients of %s is that in double precision, to 2e-7', async (_, value) => {
    const gradient = Float32Array.from({ length: 1_000_003 }, (_, i) => value(i));
    const [squared] = await prepared(gradient, control(), NO_SCALING);
    expectClose([squared!], [squaredNorm(gradient)], { rtol: 2e-7, atol: 0 });
  });

  it('clips the norm of the unscaled gradient', async () => {
    const gradient = testValues([5000], 3).map((g) => 8 * g);
    const norm = Math.sqrt(squaredNorm(gradient)) / 8;
    const tight = await prepared(gradient, control(8), { ...NO_SCALING, maximumNorm: 12 });
    expect(norm).toBeGreaterThan(12);
    expectClose([tight[1]!], [12 / (norm + 1e-6) / 8], TOLERANCE);
    const loose = await prepared(gradient, control(8), { ...NO_SCALING, maximumNorm: 1000 });
    expect(loose[1]).toBe(1 / 8);
  });

  it('the norm is that of the unscaled gradient', async () => {
    for (const bits of [10, 100]) {
      const words = await prepared([3 * 2 ** (bits - 50), 4 * 2 ** (bits - 50)], control(2 ** bits), SCALING);
      expectClose([words[0]!], [25 * 2 ** -100], { rtol: 1e-6, atol: 0 });
    }
  });

  it('the loss scale grows after an interval of finite steps', async () => {
    const gradient = [1, 2, 3];
    expect((await prepared(gradient, control(1024, 1), SCALING)).slice(1)).toEqual([1 / 1024, 0, 1024, 2, 0, 1, 0]);
    expect((await prepared(gradient, control(1024, 2), SCALING)).slice(1)).toEqual([1 / 1024, 0, 2048, 0, 0, 1, 0]);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    '%d among the gradients skips the step',
    async (bad) => {
      const gradient = testValues([70_000], 2);
      gradient[69_998] = bad;
      const words = await prepared(gradient, control(1024, 2), SCALING);
      expect(words.slice(2, 7)).toEqual([1, 512, 0, 1, 0]);
      const unscaled = await prepared(gradient, control(), NO_SCALING);
      expect(unscaled.slice(2, 7)).toEqual([1, 1, 0, 1, 0]);

      const state = flat([...control()].fill(1, 2, 3));
      const [p, buffer, first, second] = [1, 2, 3, 4].map((seed) => flat(testValues([70_000], seed))) as [
        Operand,
        Operand,
        Operand,
        Operand,
      ];
      const rate = flat([0.1]);
      const sgd: SgdSettings = {
        momentum: 0.9,
        dampening: 0,
        nesterov: true,
        weightDecay: 0.1,
      };
      device.kernels.sgdStep(p, flat(gradient), buffer, state, rate, sgd);
      const adam: AdamSettings = {
        beta1: 0.9,
        beta2: 0.99,
        epsilon: 1e-8,
        weightDecay: 0.1,
        decoupled: true,
      };
      device.kernels.adamStep(p, flat(gradient), first, second, undefined, state, rate, adam);
      const adan: AdanSettings = { beta1: 0.02, beta2: 0.08, beta3: 0.01, epsilon: 1e-8, weightDecay: 0.1 };
      device.kernels.adanStep(p, flat(gradient), buffer, first, flat(gradient), second, state, rate, adan);
      for (const [i, operand] of [p, buffer, first, second].entries())
        expect(await device.read(operand)).toEqual(testValues([70_000], i + 1));
    },
  );

  it('a finite step after a skipped one clears the flag', async () => {
    const state = flat(control());
    device.kernels.prepareStep(flat([1, Number.NaN]), state, NO_SCALING);
    device.kernels.prepareStep(flat([1, 2]), state, NO_SCALING);
    expect(Array.from(await device.read(state))).toEqual([5, 1, 0, 1, 0, 1, 1, 0]);
  });

  const plain = { learningRate: 0.1, momentum: 0, dampening: 0, nesterov: false, weightDecay: 0 };
  it.each([
    ['plain', plain],
    ['weight decay', { ...plain, weightDecay: 0.05 }],
    ['momentum', { ...plain, momentum: 0.9, weightDecay: 0.01 }],
    ['momentum with dampening', { ...plain, momentum: 0.9, dampening: 0.3 }],
    ['Nesterov, as nnU-Net', { ...plain, learningRate: 0.01, momentum: 0.99, nesterov: true, weightDecay: 3e-5 }],
  ])('SGD: %s', async (_, settings) => {
    const size = 5003;
    const start = testValues([size], 7);
    const parameter = flat(start);
    const rate = flat([settings.learningRate]);
    const momentum = flat(new Float32Array(size));
    const expected = Array.from(start);
    const buffer = new Array<number>(size).fill(0);
    for (let step = 0; step < 4; step++) {
      const gradient = testValues([size], 100 + step);
      const state = flat([0, 0.25, 0, 1, 0, 0, step + 1, 0]);
      device.kernels.sgdStep(parameter, flat(gradient), momentum, state, rate, settings);
      referenceSgd(expected, gradient, buffer, 0.25, { ...settings, firstStep: step === 0 });
    }
    expectClose(await device.read(parameter), expected, TOLERANCE);
    if (settings.momentum !== 0) expectClose(await device.read(momentum), buffer, TOLERANCE);
  });

  it('the first step of SGD does not look at what the momentum buffer held', async () => {
    const [parameter, momentum] = [flat([1, 2, 3]), flat([Number.NaN, Number.POSITIVE_INFINITY, 9])];
    const settings: SgdSettings = { ...plain, momentum: 0.5, dampening: 0.5 };
    const state = flat([0, 1, 0, 1, 0, 0, 1, 0]);
    device.kernels.sgdStep(parameter, flat([1, -1, 2]), momentum, state, flat([0.1]), settings);
    expectClose(await device.read(parameter), [0.9, 2.1, 2.8], TOLERANCE);
    expectClose(await device.read(momentum), [1, -1, 2], TOLERANCE);
  });

  const usual = { learningRate: 1e-2, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, decoupled: false };
  it.each([
    ['Adam', usual, false],
    ['Adam with weight decay', { ...usual, weightDecay: 0.1 }, false],
    ['AdamW', { ...usual, weightDecay: 0.1, decoupled: true }, false],
    ['AMSGrad', { ...usual, beta2: 0.9 }, true],
  ])('%s', async (_, settings, amsgrad) => {
    const size = 5003;
    const start = testValues([size], 7);
    const zeros = () => new Array<number>(size).fill(0);
    const expected: AdamState = { p: Array.from(start), first: zeros(), second: zeros(), maximum: zeros() };
    const [parameter, first, second, maximum] = [flat(start), flat(zeros()), flat(zeros()), flat(zeros())];
    const state = flat(control());
    const rate = flat([settings.learningRate]);
    for (let step = 1; step <= 5; step++) {
      // Away from zero: there the direction of the first step would hang on the last bit.
      const gradient = testValues([size], 100 + step).map((g) => (Math.sign(g) * (0.1 + Math.abs(g))) / step);
      const operand = flat(gradient);
      device.kernels.prepareStep(operand, state, NO_SCALING);
      device.kernels.adamStep(parameter, operand, first, second, amsgrad ? maximum : undefined, state, rate, settings);
      referenceAdam(expected, gradient, step, amsgrad, settings);
    }
    expectClose(await device.read(parameter), expected.p, TOLERANCE);
    expectClose(await device.read(first), expected.first, TOLERANCE);
    expectClose(await device.read(second), expected.second, TOLERANCE);
    if (amsgrad) expectClose(await device.read(maximum), expected.maximum, TOLERANCE);
  });

  it.each([
    ['as nnU-Net', { learningRate: 1e-2, beta1: 0.02, beta2: 0.08, beta3: 0.01, epsilon: 1e-8, weightDecay: 3e-5 }],
    ['with other numbers', { learningRate: 0.1, beta1: 0.3, beta2: 0.2, beta3: 0.4, epsilon: 1e-3, weightDecay: 0.5 }],
  ])('Adan %s', async (_, settings) => {
    const size = 5003;
    const zeros = () => new Array<number>(size).fill(0);
    const start = testValues([size], 7);
    const expected: AdanState = {
      p: Array.from(start),
      previous: zeros(),
      first: zeros(),
      difference: zeros(),
      second: zeros(),
    };
    const [parameter, previous, first, difference, second] = [start, zeros(), zeros(), zeros(), zeros()].map(flat) as [
      Operand,
      Operand,
      Operand,
      Operand,
      Operand,
    ];
    const rate = flat([settings.learningRate]);
    for (let step = 1; step <= 5; step++) {
      // Away from zero, as for Adam, and scaled for mixed precision.
      const gradient = testValues([size], 100 + step).map((g) => (Math.sign(g) * (0.1 + Math.abs(g))) / step);
      const state = flat([0, 0.25, 0, 4, 0, 0, step, 0]);
      const scaled = flat(gradient.map((g) => 4 * g));
      device.kernels.adanStep(parameter, scaled, previous, first, difference, second, state, rate, settings);
      referenceAdan(expected, gradient, step, settings);
      if (step === 1) expectClose(await device.read(first), zeros(), TOLERANCE);
    }
    expectClose(await device.read(parameter), expected.p, { rtol: 1e-4, atol: 1e-5 });
    expectClose(await device.read(previous), expected.previous, TOLERANCE);
    expectClose(await device.read(first), expected.first, TOLERANCE);
    expectClose(await device.read(difference), expected.difference, TOLERANCE);
    expectClose(await device.read(second), expected.second, TOLERANCE);
  });

  it('bias correction late in a training', async () => {
    const [parameter, first, second] = [flat([1]), flat([0.5]), flat([0.25])];
    const expected: AdamState = { p: [1], first: [0.5], second: [0.25], maximum: [0] };
    const [state, rate] = [flat([0, 1, 0, 1, 0, 0, 1234, 0]), flat([usual.learningRate])];
    device.kernels.adamStep(parameter, flat([0.5]), first, second, undefined, state, rate, usual);
    referenceAdam(expected, [0.5], 1234, false, usual);
    expectClose(await device.read(parameter), expected.p, TOLERANCE);
  });
});
