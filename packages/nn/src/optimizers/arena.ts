/**
 * All parameters of a network in one flat piece of memory, and their gradients in another: an optimizer's step is then one kernel, whatever the number
 * of layers. Each parameter starts at a multiple of 256 bytes, as WebGPU's bindings ask; the gaps stay zero.
 */
import { fromArray, keep, type Tensor, VoxelgradError, zeros } from '@voxelgrad/tensor';

const ALIGNMENT = 64;

export class ParameterArena {
  readonly values: Tensor;
  readonly gradients: Tensor;
  readonly parameters: readonly Tensor[];
  /** Where each parameter begins, in elements. */
  readonly starts: readonly number[];

  /** Moves the parameters into the arena: they stay the tensors they are. */
  constructor(parameters: readonly Tensor[]) {
    const first = parameters[0];
    if (first === undefined)
      throw new VoxelgradError('option', { what: 'an optimizer', expected: 'at least one parameter', got: 'none' });
    for (const parameter of parameters)
      if (!parameter.requiresGradient || parameter.dtype !== 'f32' || parameter.device !== first.device)
        throw new VoxelgradError('autograd', {
          what: 'an optimizer',
          expected: 'f32 parameters of one device, made by requireGradient()',
          got: String(parameter),
        });
    const { device } = first;
    const starts: number[] = [];
    let length = 0;
    for (const parameter of parameters) {
      starts.push(length);
      length += Math.ceil(parameter.size / ALIGNMENT) * ALIGNMENT;
    }
    this.parameters = parameters;
    this.starts = starts;
    this.values = keep(zeros([length], { device }));
    this.gradients = keep(zeros([length], { device }));
    parameters.forEach((parameter, i) => {
      const place = this.values.view(parameter.shape, starts[i]!, false);
      device.kernels.accumulate(parameter, place, 1);
      parameter.moveTo(place);
      place.dispose();
      const { variable } = parameter;
      variable!.gradient?.dispose();
      variable!.gradient = this.gradients.view(parameter.shape, starts[i]!, false);
    });
  }

  /** A kept tensor of the arena's length, all zeros: an optimizer's state. */
  state(): Tensor {
    return keep(zeros(this.values.shape, { device: this.values.device }));
  }

  clearGradients(): void {
    this.values.device.kernels.fill(this.gradients, 0);
  }

  /** The parameters keep their memory; gradients go. */
  dispose(): void {
    for (const parameter of this.parameters) {
      const { variable } = parameter;
      if (variable === undefined) continue;
      variable.gradient?.dispose();
      variable.gradient = undefined;
    }
    this.values.dispose();
    this.gradients.dispose();
  }
}

/** A kept tensor with the given values. */
export const keptTensor = (values: readonly number[], like: Tensor): Tensor =>
  keep(fromArray(values, [values.length], { device: like.device }));
