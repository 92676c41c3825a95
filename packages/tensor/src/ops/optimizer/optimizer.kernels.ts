/**
 * Optimizer updates over flat f32 arenas `[length]`, in place. `control` is a small f32 tensor [8] that lives on the device, so that clipping
 * and loss scaling need no read-back: 0 squared norm of the gradient without the loss scale, 1 factor that multiplies every gradient (clipping and 1 / loss scale),
 * 2 found-infinite flag (≠ 0: the step is skipped), 3 loss scale, 4 steps since the scale last grew, 5 skipped steps, 6 steps taken. The
 * learning rate is f32 [1] on the device too, so that a captured step may be replayed with another one.
 */
import type { Operand } from '../../device/device.ts';

/** A step of stochastic gradient descent. */
export interface SgdSettings {
  readonly momentum: number;
  readonly dampening: number;
  readonly nesterov: boolean;
  readonly weightDecay: number;
}

/** A step of Adam or AdamW. */
export interface AdamSettings {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  /** AdamW: decay the parameters themselves. Adam: add the decay to the gradient. */
  readonly decoupled: boolean;
}

/** A step of Adan. Each beta is the share of what is new: 1 less those of Adam. */
export interface AdanSettings {
  readonly beta1: number;
  readonly beta2: number;
  readonly beta3: number;
  readonly epsilon: number;
  readonly weightDecay: number;
}

/** Clipping of the gradient, and dynamic loss scaling. */
export interface LossScaleSettings {
  /** 0: no clipping. */
  readonly maximumNorm: number;
  /** With dynamic scaling PyTorch's defaults: 2, 0.5, 2000. growthInterval 0: no loss scaling. */
  readonly growthFactor: number;
  readonly backoffFactor: number;
  readonly growthInterval: number;
}

export interface OptimizerKernels {
  /**
   * Reduces `gradient` to its squared norm (fixed order) and prepares `control`: factor = min(1, maximumNorm / (norm + 1e-6)) / scale as
   * torch.nn.utils.clip_grad_norm_, found-infinite, and with a growthInterval the next loss scale (as torch.amp.GradScaler) and counters.
   * control[6] (steps taken) goes up by one unless the step is skipped. The scale by which THIS gradient was multiplied is control[3] before
   * the call; the norm is that of the unscaled gradient.
   */
  prepareStep(gradient: Operand, control: Operand, settings: LossScaleSettings): void;
  /** SGD as torch.optim.SGD. Where control[6] is 1, in the first step that is not skipped, the momentum buffer is set to the gradient. */
  sgdStep(
    parameter: Operand,
    gradient: Operand,
    momentum: Operand,
    control: Operand,
    learningRate: Operand,
    settings: SgdSettings,
  ): void;
  /** Adam(W) as torch.optim: bias correction with control[6] as the step count; `maximum` is AMSGrad's running maximum of the second moment. */
  adamStep(
    parameter: Operand,
    gradient: Operand,
    first: Operand,
    second: Operand,
    maximum: Operand | undefined,
    control: Operand,
    learningRate: Operand,
    settings: AdamSettings,
  ): void;
  /**
   * Adan as adan-pytorch 0.1: `previous` is the gradient of the step before; the first step, where control[6] is 1, only keeps the gradient and decays. Bias
   * correction with control[6] as the step count.
   */
  adanStep(
    parameter: Operand,
    gradient: Operand,
    previous: Operand,
    first: Operand,
    difference: Operand,
    second: Operand,
    control: Operand,
    learningRate: Operand,
    settings: AdanSettings,
  ): void;
}
