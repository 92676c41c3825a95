/** Images and segmentations resampled as nnU-Net's functions do, and the shapes that spacings lead to. */
import { type ResamplingArguments, resampledShape, resamplingOf } from '@voxelgrad/nnunet';
import { type Device, fromArray, type Triple, tidy } from '@voxelgrad/tensor';
import { type ParityCase, readTensors } from '../cases.ts';
import { Comparison } from '../compare.ts';
import { imageTensor, volumeOf } from '../layout.ts';

interface Attributes extends ResamplingArguments {
  readonly new_shape: Triple;
  readonly current_spacing: readonly number[];
  readonly new_spacing: readonly number[];
}

export async function checkResample(entry: ParityCase, device: Device): Promise<Comparison> {
  const comparison = new Comparison({ rtol: entry.tolerance.rtol ?? 0, atol: entry.tolerance.atol ?? 0 });
  if (entry.op === 'compute_new_shape') {
    type Row = { old_shape: number[]; old_spacing: number[]; new_spacing: number[]; new_shape: number[] };
    for (const row of (entry.attrs as { table: Row[] }).table) {
      const shape = resampledShape(row.old_shape, row.old_spacing, row.new_spacing);
      comparison.values(`shape of ${row.old_shape}`, shape, row.new_shape);
    }
    return comparison;
  }
  const attrs = entry.attrs as unknown as Attributes;
  const { new_shape: size, current_spacing: spacing, new_spacing: target } = attrs;
  const tensors = await readTensors(entry);
  const resampling = resamplingOf(entry.op);
  const expected = volumeOf(tensors, 'out');
  if (attrs.is_seg) {
    const { values, space, channels } = volumeOf(tensors, 'data');
    for (let channel = 0; channel < channels; channel++) {
      const ofChannel = (all: Float32Array): Int32Array =>
        Int32Array.from(all.filter((_, i) => i % channels === channel));
      const labels = fromArray(ofChannel(values), [1, ...space], { device });
      const out = resampling.labels(labels, size, spacing, target, attrs);
      const allowed = entry.tolerance.mismatch_max ?? 0;
      comparison.labels(`out, channel ${channel}`, await out.data(), ofChannel(expected.values), allowed);
      for (const tensor of new Set([labels, out])) tensor.dispose();
    }
    return comparison;
  }
  const image = imageTensor(tensors, 'data', device);
  const out = tidy(() => resampling.data(image, size, spacing, target, attrs));
  comparison.values('out', await out.data(), expected.values);
  for (const tensor of new Set([image, out])) tensor.dispose();
  return comparison;
}
