/** Single ops: outputs, first and second derivatives. Inputs are leaves in PyTorch's layout, so their gradients come out in it too. */
import type { SafetensorsEntry } from '@voxelgrad/nn';
import { add, type Device, fromArray, mul, sum, type Tensor, tidy, VoxelgradError } from '@voxelgrad/tensor';
import { type CaseTensors, golden, type ParityCase, readTensors } from '../cases.ts';
import { Comparison, type Tolerance } from '../compare.ts';
import { runOp } from './run-op.ts';

export async function checkOp(entry: ParityCase, device: Device): Promise<Comparison> {
  const tensors = await readTensors(entry);
  const comparison = new Comparison(entry.tolerance as unknown as Tolerance);
  const inputs = leaves(tensors, device);
  const outputs = runOp(entry.op.replace('second_order:', ''), inputs, entry.attrs);
  const [name, out] = [...outputs][0]!;
  for (const [key, tensor] of outputs)
    comparison.values(key, await tensor.data(), golden(tensors, key).data as ArrayLike<number>);
  const gradient = tensors.has('grad_out') ? load(golden(tensors, 'grad_out'), device) : undefined;
  if (gradient !== undefined && name === 'out') {
    const twice = entry.op.startsWith('second_order:');
    out.backward(gradient, twice ? { createGraph: true } : {});
    for (const [key, input] of inputs) {
      const expected = tensors.get(`grad.${key}`);
      if (expected !== undefined)
        comparison.values(`grad.${key}`, await gradientOf(key, input).data(), expected.data as ArrayLike<number>);
    }
    if (twice) await checkSecond(tensors, inputs, device, comparison);
  }
  for (const tensor of [...inputs.values(), ...outputs.values()]) tensor.dispose();
  gradient?.dispose();
  return comparison;
}

/** `grad2.k = d/dk Σⱼ ⟨grad.j, v.j⟩`. */
async function checkSecond(
  tensors: CaseTensors,
  inputs: ReadonlyMap<string, Tensor>,
  device: Device,
  comparison: Comparison,
): Promise<void> {
  const firstGradients = new Map<string, Tensor>();
  for (const [key, input] of inputs) {
    if (input.gradient === undefined) continue;
    firstGradients.set(key, input.gradient);
    input.variable!.gradient = undefined;
  }
  tidy(() => {
    let total: Tensor | undefined;
    for (const [key, gradient] of firstGradients) {
      const term = sum(mul(gradient, load(golden(tensors, `v.${key}`), device)));
      total = total === undefined ? term : add(total, term);
    }
    total!.backward();
  });
  for (const [key, input] of inputs) {
    const expected = tensors.get(`grad2.${key}`);
    if (expected === undefined) continue;
    const zeros = new Float32Array(input.size);
    comparison.values(
      `grad2.${key}`,
      input.gradient === undefined ? zeros : await input.gradient.data(),
      expected.data as ArrayLike<number>,
    );
  }
  for (const gradient of firstGradients.values()) gradient.dispose();
}

/** The case's inputs, floats as leaves. */
function leaves(tensors: CaseTensors, device: Device): Map<string, Tensor> {
  const inputs = new Map<string, Tensor>();
  for (const [key, entry] of tensors) {
    if (!key.startsWith('in.')) continue;
    const tensor = load(entry, device);
    inputs.set(key.slice(3), tensor.dtype === 'f32' ? tensor.requireGradient() : tensor);
  }
  return inputs;
}

function gradientOf(name: string, input: Tensor): Tensor {
  if (input.gradient === undefined)
    throw new VoxelgradError('autograd', { what: 'parity', expected: `a gradient of ${name}`, got: 'none' });
  return input.gradient;
}

/** A golden tensor on the device: floats as f32, whole numbers as i32. */
export function load({ dtype, shape, data }: SafetensorsEntry, device: Device): Tensor {
  const values = Array.from(data as ArrayLike<number | bigint>, Number);
  return fromArray(values, shape, { device, dtype: dtype.startsWith('F') ? 'f32' : 'i32' });
}
