/** Steps whose gradients are not finite must leave no trace: neither in the parameters nor in what momentum and moments start from. */
import { fromArray, mul, sum, tidy } from '@voxelgrad/tensor';
import { describeOnEach, expectClose } from '@voxelgrad/tensor/testing';
import { expect, it } from 'vitest';
import { Adam, type Optimizer, Sgd, type SgdOptions } from './optimizer.ts';

const START = [1, -2, 0.5];
const BAD = [Number.NaN, 1, 1];
const GRADIENTS = [
  [0.3, -0.2, 1],
  [-0.5, 0.4, 0.25],
  [0.1, 0.2, -0.3],
];

/** torch.optim.SGD in double precision: the buffer starts as the first gradient itself, whatever the dampening. */
function torchSgd({
  learningRate,
  momentum = 0,
  dampening = 0,
  nesterov = false,
  weightDecay = 0,
}: SgdOptions): number[] {
  const values = [...START];
  let buffer: number[] | undefined;
  for (const gradient of GRADIENTS) {
    const decayed = gradient.map((g, i) => g + weightDecay * values[i]!);
    buffer = buffer?.map((b, i) => momentum * b + (1 - dampening) * decayed[i]!) ?? decayed;
    decayed.forEach((g, i) => {
      values[i]! -= learningRate * (nesterov ? g + momentum * buffer![i]! : buffer![i]!);
    });
  }
  return values;
}

describeOnEach('skipped steps on $name', ({ open }) => {
  /** The parameters after the given gradients. `at` is called before each step. */
  const run = async (
    make: (parameters: readonly [ReturnType<typeof fromArray>]) => Optimizer,
    gradients: readonly (readonly number[])[],
    at: (step: number, optimizer: Optimizer) => Promise<Optimizer> = async (_, optimizer) => optimizer,
  ): Promise<{ readonly values: number[]; readonly skipped: number }> => {
    const device = await open();
    const parameter = fromArray(START, [3], { device }).requireGradient();
    let optimizer = make([parameter]);
    for (const [step, gradient] of gradients.entries()) {
      optimizer = await at(step, optimizer);
      tidy(() => sum(mul(parameter, fromArray(gradient, [3], { device }))).backward());
      optimizer.step();
    }
    const { skippedSteps: skipped } = await optimizer.statistics();
    const values = [...(await parameter.data())];
    optimizer.dispose();
    parameter.dispose();
    return { values, skipped };
  };

  it.each<SgdOptions>([
    { learningRate: 0.1, momentum: 0.9, dampening: 0.5 },
    { learningRate: 0.1, momentum: 0.9, dampening: 0.25, weightDecay: 0.1 },
    { learningRate: 0.1, momentum: 0.9, nesterov: true },
  ])('SGD starts its momentum at the first step that is taken: %o', async (options) => {
    const { values, skipped } = await run(
      (parameters) => new Sgd(parameters, options),
      [BAD, BAD, GRADIENTS[0]!, BAD, GRADIENTS[1]!, GRADIENTS[2]!],
    );
    expect(skipped).toBe(3);
    expectClose(values, torchSgd(options), { rtol: 1e-5, atol: 1e-6 });
  });

  it('SGD restored from a state that has seen only skipped steps starts there too', async () => {
    const options = { learningRate: 0.1, momentum: 0.9, dampening: 0.5 };
    let state: Awaited<ReturnType<Optimizer['state']>> | undefined;
    await run(
      (parameters) => new Sgd(parameters, options),
      [BAD, GRADIENTS[0]!],
      async (step, optimizer) => {
        if (step === 1) state = await optimizer.state();
        return optimizer;
      },
    );
    const { values } = await run((parameters) => {
      const optimizer = new Sgd(parameters, options);
      optimizer.restore(state!);
      return optimizer;
    }, GRADIENTS);
    expectClose(values, torchSgd(options), { rtol: 1e-5, atol: 1e-6 });
  });

  it('Adam corrects its bias by the steps that were taken', async () => {
    const make = (parameters: readonly [ReturnType<typeof fromArray>]) => new Adam(parameters, { learningRate: 0.1 });
    const { values } = await run(make, GRADIENTS);
    const withSkips = await run(make, [BAD, GRADIENTS[0]!, BAD, BAD, GRADIENTS[1]!, GRADIENTS[2]!]);
    expect(withSkips).toEqual({ values, skipped: 3 });
  });
});
