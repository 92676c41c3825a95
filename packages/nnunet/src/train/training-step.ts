/**
 * One iteration of training: forward, loss, backward, the optimizer's step. It is captured once for the shapes of the batches and replayed for each of them,
 * so that what the host does in an iteration does not grow with the network. Where it cannot be captured, for a loss that reads values say, it runs op by
 * op; the bits are the same either way.
 */
import type { Optimizer } from '@voxelgrad/nn';
import {
  add,
  autocast,
  type Captured,
  type CapturedMemory,
  type CompileProgress,
  capture,
  debug,
  isVoxelgradError,
  keep,
  overwrite,
  sameShape,
  scale,
  Tensor,
  tidy,
  tune,
} from '@voxelgrad/tensor';
import type { SegmentationNetwork } from '../networks/unet.ts';
import { type Batch, type BatchPart, mapParts } from './batch.ts';

export interface TrainingStepSettings {
  readonly network: SegmentationNetwork;
  readonly optimizer: Optimizer;
  /** From all outputs, finest first, to one value: see deepSupervision. Runs only when the step is captured, so it must depend on tensors alone. */
  readonly loss: (outputs: readonly Tensor[], target: Tensor) => Tensor;
  /** Whether the network computes in f16: give the optimizer loss scaling then. */
  readonly mixedPrecision?: boolean;
  /** Where given, WebGPU's kernels are tuned for the step before it is captured, and this is told how many are: see `tune`. */
  readonly onTune?: CompileProgress | undefined;
  /**
   * Goes through each batch in so many parts (as many as it has samples at most), one after the other, and adds up their gradients: only one part's activations
   * are in memory at a time. Each part's loss counts by its share of the samples. That is the whole batch's gradient, but for rounding, where the loss is a mean
   * over samples: cross-entropy, and Dice of each sample. It is another one where samples meet in a quotient: batch Dice (`batch_dice` of the plans) becomes
   * the mean of the parts' Dice; cross-entropy with an ignore label the mean of the parts' means, although parts differ in voxels that count; the hardest voxels of
   * top-k are those of each part. 1 by default.
   */
  readonly accumulation?: number;
  /** Told how many of the step's pipelines are compiled, before it runs first. */
  readonly onCompile?: CompileProgress | undefined;
}

interface CapturedStep {
  readonly batch: Batch;
  readonly step: Captured<Tensor>;
}

export class TrainingStep {
  readonly #settings: TrainingStepSettings;
  #captured: CapturedStep | undefined;
  /** Whether the step turned out not to be capturable. */
  #eager = false;

  constructor(settings: TrainingStepSettings) {
    this.#settings = settings;
  }

  /** What the captured step takes; undefined before the first batch, and where it is not captured. */
  get memory(): CapturedMemory | undefined {
    return this.#captured?.step.memory;
  }

  /** Enqueues the iteration and frees the batch. The loss is that of this call: read it before the next. */
  async run(batch: Batch): Promise<() => Promise<number>> {
    if (!this.#eager) await this.#prepare(batch);
    const captured = this.#captured;
    if (captured === undefined) {
      const loss = tidy(() => this.#iterate(batch));
      freeBatch(batch);
      return async () => {
        const value = loss.item();
        loss.dispose();
        return value;
      };
    }
    overwrite(captured.batch.image, batch.image);
    overwrite(captured.batch.target, batch.target);
    freeBatch(batch);
    captured.step.replay();
    return () => captured.step.result.item();
  }

  /** Captures the step for batches like this one, if it is not. */
  async #prepare(batch: Batch): Promise<void> {
    if (this.#captured !== undefined && alike(this.#captured.batch, batch)) return;
    this.dispose();
    const inputs = { image: placeLike(batch.image), target: placeLike(batch.target) };
    try {
      const { onTune } = this.#settings;
      if (onTune !== undefined) await tune(batch.image.device, () => this.#iterate(inputs), onTune);
      const step = capture(batch.image.device, () => this.#iterate(inputs));
      this.#captured = { batch: inputs, step };
      await step.ready(this.#settings.onCompile);
    } catch (error) {
      if (this.#captured === undefined) freeBatch(inputs);
      if (!isVoxelgradError(error, 'capture')) throw error;
      this.#eager = true;
      debug(1, () => `training runs op by op: ${error.message}`);
    }
  }

  #iterate(batch: Batch): Tensor {
    const { optimizer, accumulation = 1 } = this.#settings;
    const losses = mapParts(batch, accumulation, (part) => this.#learn(part));
    optimizer.step();
    return losses.reduce((total, loss) => add(total, loss));
  }

  /** Adds the gradients of a part; its share of the loss. */
  #learn(part: () => BatchPart): Tensor {
    const { network, loss, optimizer, mixedPrecision = false } = this.#settings;
    return tidy(() => {
      const { image, target, share } = part();
      const forward = (): Tensor => {
        const value = loss(network.forward(image), target);
        return share === 1 ? value : scale(value, share);
      };
      // Also for the backward pass, in which checkpointed blocks run again.
      network.training = true;
      try {
        const value = mixedPrecision ? autocast(forward) : forward();
        optimizer.scaleLoss(value).backward();
        return value.detach();
      } finally {
        network.training = false;
      }
    });
  }

  dispose(): void {
    if (this.#captured === undefined) return;
    this.#captured.step.dispose();
    freeBatch(this.#captured.batch);
    this.#captured = undefined;
  }
}

const placeLike = (tensor: Tensor): Tensor => keep(Tensor.empty(tensor.device, tensor.dtype, tensor.shape));

const alike = (a: Batch, b: Batch): boolean =>
  sameShape(a.image.shape, b.image.shape) &&
  sameShape(a.target.shape, b.target.shape) &&
  a.image.dtype === b.image.dtype &&
  a.target.dtype === b.target.dtype;

function freeBatch({ image, target }: Batch): void {
  image.dispose();
  target.dispose();
}
