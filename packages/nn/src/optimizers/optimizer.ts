/**
 * Optimizers in order of increasing complexity, each as PyTorch's of the same name: SGD with (Nesterov) momentum, Adam and AdamW; and Adan.
 *
 * `step()` clips the gradients' common norm, updates the parameters and sets the gradients to zero for the next backward(). All of it happens
 * on the device; a step whose gradients hold an infinity or a NaN changes nothing and is counted.
 */
import {
  type HostArray,
  type LossScaleSettings,
  mul,
  reshape,
  slice,
  type Tensor,
  tidy,
  VoxelgradError,
} from '@voxelgrad/tensor';
import { keptTensor, ParameterArena } from './arena.ts';

/** What all optimizers have in common. */
export interface OptimizerSettings {
  readonly learningRate: number;
  readonly weightDecay?: number;
  /** Gradients are scaled down so that their common L2 norm is at most this; nnU-Net clips at 12. */
  readonly maximumNorm?: number;
  /** For mixed precision: losses go through `scaleLoss` before backward(). True takes PyTorch's defaults. */
  readonly lossScaling?: boolean | LossScaling;
}

/** Dynamic loss scaling as torch.amp.GradScaler: the scale grows after a run of finite steps and shrinks when a step is not. */
export interface LossScaling {
  readonly initialScale?: number;
  readonly growthFactor?: number;
  readonly backoffFactor?: number;
  /** Finite steps in a row before the scale grows. */
  readonly growthInterval?: number;
}

/** What a checkpoint holds: the flat state arrays and the control words, by name. */
export type OptimizerState = ReadonlyMap<string, HostArray>;

/** What an optimizer keeps of one parameter. */
export interface ParameterState {
  readonly parameter: Tensor;
  readonly values: ReadonlyMap<string, Float32Array>;
}

/** Where the loss scale and the number of steps lie in the control words. */
const SCALE_WORD = 3;
const STEPS_WORD = 6;

/** The kernel's settings; a growth interval of 0 means no scaling. */
function scalingOf(
  maximumNorm: number,
  lossScaling: boolean | LossScaling,
): LossScaleSettings & { initialScale: number } {
  if (lossScaling === false)
    return { maximumNorm, growthFactor: 2, backoffFactor: 0.5, growthInterval: 0, initialScale: 1 };
  const {
    initialScale = 65536,
    growthFactor = 2,
    backoffFactor = 0.5,
    growthInterval = 2000,
  } = lossScaling === true ? {} : lossScaling;
  return { maximumNorm, growthFactor, backoffFactor, growthInterval, initialScale };
}

/** Changes parameters along their gradients. All parameters lie in one arena, and a step is two kernels. */
export abstract class Optimizer {
  protected readonly arena: ParameterArena;
  /** See optimizer.kernels.ts: norm, factor, found-infinite, loss scale, …, steps taken. */
  protected readonly control: Tensor;
  protected readonly weightDecay: number;
  /** The learning rate on the device: captured steps read it there. */
  protected readonly rate: Tensor;
  #learningRate: number;
  readonly #scaling: LossScaleSettings;

  constructor(parameters: readonly Tensor[], settings: OptimizerSettings) {
    const { learningRate, weightDecay = 0, maximumNorm = 0, lossScaling = false } = settings;
    if (!(learningRate >= 0))
      throw new VoxelgradError('option', {
        what: 'learning rate',
        expected: 'a number ≥ 0',
        got: String(learningRate),
      });
    this.#learningRate = learningRate;
    this.weightDecay = weightDecay;
    const { initialScale, ...scaling } = scalingOf(maximumNorm, lossScaling);
    this.#scaling = scaling;
    this.arena = new ParameterArena(parameters);
    this.control = keptTensor([0, 1, 0, initialScale, 0, 0, 0, 0], this.arena.values);
    this.rate = keptTensor([learningRate], this.arena.values);
  }

  /** May be set before any step, and before any replay of a captured one. */
  get learningRate(): number {
    return this.#learningRate;
  }

  set learningRate(value: number) {
    if (value === this.#learningRate) return;
    this.rate.write(Float32Array.of(value));
    this.#learningRate = value;
  }

  /** The loss times the current scale, which lives on the device. What backward() is to be called on in mixed precision. */
  scaleLoss(loss: Tensor): Tensor {
    if (this.#scaling.growthInterval === 0) return loss;
    return tidy(() => mul(loss, reshape(slice(this.control, [SCALE_WORD], [SCALE_WORD + 1]), loss.shape)));
  }

  step(): void {
    const { values, gradients } = this.arena;
    values.device.kernels.prepareStep(gradients, this.control, this.#scaling);
    this.update(values, gradients);
    this.arena.clearGradients();
  }

  protected abstract update(values: Tensor, gradients: Tensor): void;

  /** The tensors of the state, by name. */
  protected abstract stateTensors(): Map<string, Tensor>;

  /** The L2 norm of the last step's gradients before clipping, the loss scale, the steps skipped for not being finite and those taken. */
  async statistics(): Promise<{
    readonly gradientNorm: number;
    readonly lossScale: number;
    readonly skippedSteps: number;
    readonly steps: number;
  }> {
    const control = await this.control.data();
    return {
      gradientNorm: Math.sqrt(control[0]!),
      lossScale: control[SCALE_WORD]!,
      skippedSteps: control[5]!,
      steps: control[STEPS_WORD]!,
    };
  }

  async state(): Promise<OptimizerState> {
    const named = [...this.stateTensors(), ['control', this.control] as const];
    return new Map(await Promise.all(named.map(async ([name, tensor]) => [name, await tensor.data()] as const)));
  }

  restore(state: OptimizerState): void {
    for (const [name, tensor] of [...this.stateTensors(), ['control', this.control] as const]) {
      const values = state.get(name);
      if (values === undefined || values.length !== tensor.size)
        throw new VoxelgradError('format', {
          what: `the optimizer's state '${name}'`,
          expected: `${tensor.size} values`,
          got: values === undefined ? 'nothing' : String(values.length),
          help: 'resume with the network and optimizer that the checkpoint was made with',
        });
      tensor.write(values);
    }
  }

  /** By parameter, in their order: its stretch of each state tensor, in the parameter's own layout. */
  async parameterStates(): Promise<readonly ParameterState[]> {
    const { parameters, starts } = this.arena;
    const state = await Promise.all(
      [...this.stateTensors()].map(async ([name, tensor]) => [name, (await tensor.data()) as Float32Array] as const),
    );
    return parameters.map((parameter, i) => ({
      parameter,
      values: new Map(state.map(([name, data]) => [name, data.subarray(starts[i]!, starts[i]! + parameter.size)])),
    }));
  }

  /** The inverse; parameters without values get zeros. `steps`: how often the optimizer has stepped. Throws 'shape' where lengths differ. */
  async restoreParameterStates(
    states: readonly ReadonlyMap<string, Float32Array>[],
    { steps, lossScale }: { readonly steps: number; readonly lossScale?: number | undefined },
  ): Promise<void> {
    const { parameters, starts } = this.arena;
    for (const [name, tensor] of this.stateTensors()) {
      const values = new Float32Array(tensor.size);
      for (const [i, parameter] of parameters.entries()) {
        const given = states[i]?.get(name);
        if (given === undefined) continue;
        if (given.length !== parameter.size)
          throw new VoxelgradError('shape', {
            what: `the optimizer's state '${name}' of parameter ${i}`,
            expected: `${parameter.size} values`,
            got: String(given.length),
          });
        values.set(given, starts[i]!);
      }
      tensor.write(values);
    }
    const control = Float32Array.from(await this.control.data());
    control[STEPS_WORD] = steps;
    if (lossScale !== undefined) control[SCALE_WORD] = lossScale;
    this.control.write(control);
  }

  /** Frees the state. Parameters live on. */
  dispose(): void {
    for (const tensor of this.stateTensors().values()) tensor.dispose();
    this.control.dispose();
    this.rate.dispose();
    this.arena.dispose();
  }
}

/** All 0 or off by default, as in PyTorch. */
export interface SgdOptions extends OptimizerSettings {
  readonly momentum?: number;
  readonly dampening?: number;
  readonly nesterov?: boolean;
}

/** Stochastic gradient descent; nnU-Net's default with learning rate 0.01, momentum 0.99, Nesterov, weight decay 3e-5. */
export class Sgd extends Optimizer {
  readonly #options: SgdOptions;
  readonly #momentum: Tensor;

  constructor(parameters: readonly Tensor[], options: SgdOptions) {
    super(parameters, options);
    this.#options = options;
    this.#momentum = this.arena.state();
  }

  protected override update(values: Tensor, gradients: Tensor): void {
    const { momentum = 0, dampening = 0, nesterov = false } = this.#options;
    values.device.kernels.sgdStep(values, gradients, this.#momentum, this.control, this.rate, {
      weightDecay: this.weightDecay,
      momentum,
      dampening,
      nesterov,
    });
  }

  protected override stateTensors(): Map<string, Tensor> {
    return new Map([['momentum', this.#momentum]]);
  }
}

/** PyTorch's defaults: betas 0.9 and 0.999, epsilon 1e-8, no AMSGrad. */
export interface AdamOptions extends OptimizerSettings {
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
  readonly amsgrad?: boolean;
}

/** Adam (Kingma & Ba 2015). Weight decay is added to the gradient. */
export class Adam extends Optimizer {
  readonly #options: AdamOptions;
  readonly #first: Tensor;
  readonly #second: Tensor;
  readonly #maximum: Tensor | undefined;

  constructor(parameters: readonly Tensor[], options: AdamOptions) {
    super(parameters, options);
    this.#options = options;
    this.#first = this.arena.state();
    this.#second = this.arena.state();
    this.#maximum = options.amsgrad === true ? this.arena.state() : undefined;
  }

  protected get decoupled(): boolean {
    return false;
  }

  protected override update(values: Tensor, gradients: Tensor): void {
    const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = this.#options;
    values.device.kernels.adamStep(
      values,
      gradients,
      this.#first,
      this.#second,
      this.#maximum,
      this.control,
      this.rate,
      {
        weightDecay: this.weightDecay,
        decoupled: this.decoupled,
        beta1,
        beta2,
        epsilon,
      },
    );
  }

  protected override stateTensors(): Map<string, Tensor> {
    const named: [string, Tensor][] = [
      ['first moment', this.#first],
      ['second moment', this.#second],
    ];
    if (this.#maximum !== undefined) named.push(['largest second moment', this.#maximum]);
    return new Map(named);
  }
}

/** Adam whose weight decay acts on the parameters themselves (Loshchilov & Hutter 2019). PyTorch's default decay is 0.01; here it is 0. */
export class AdamW extends Adam {
  protected override get decoupled(): boolean {
    return true;
  }
}

/** adan-pytorch's defaults: betas, which are the shares of what is new, 0.02, 0.08 and 0.01, epsilon 1e-8. */
export interface AdanOptions extends OptimizerSettings {
  readonly beta1?: number;
  readonly beta2?: number;
  readonly beta3?: number;
  readonly epsilon?: number;
}

/**
 * Adaptive Nesterov momentum (Xie et al. 2022), to the digit of adan-pytorch 0.1, which nnU-Net takes: weight decay is proximal, and the first step only
 * keeps the gradient, from which the second one's differs.
 */
export class Adan extends Optimizer {
  readonly #options: AdanOptions;
  readonly #previous: Tensor;
  readonly #first: Tensor;
  readonly #difference: Tensor;
  readonly #second: Tensor;

  constructor(parameters: readonly Tensor[], options: AdanOptions) {
    super(parameters, options);
    this.#options = options;
    this.#previous = this.arena.state();
    this.#first = this.arena.state();
    this.#difference = this.arena.state();
    this.#second = this.arena.state();
  }

  protected override update(values: Tensor, gradients: Tensor): void {
    const { beta1 = 0.02, beta2 = 0.08, beta3 = 0.01, epsilon = 1e-8 } = this.#options;
    values.device.kernels.adanStep(
      values,
      gradients,
      this.#previous,
      this.#first,
      this.#difference,
      this.#second,
      this.control,
      this.rate,
      { weightDecay: this.weightDecay, beta1, beta2, beta3, epsilon },
    );
  }

  protected override stateTensors(): Map<string, Tensor> {
    return new Map([
      ['previous gradient', this.#previous],
      ['moving gradient', this.#first],
      ['moving difference', this.#difference],
      ['moving square', this.#second],
    ]);
  }
}
