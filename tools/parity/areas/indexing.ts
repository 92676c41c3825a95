/** PyTorch's ways to say which entries: slices with Python's bounds, pads from the last axis on, gather along an axis. */
import { oneHot } from '@voxelgrad/nn';
import { fromArray, gather, mul, pad, padBorder, reshape, sum, type Tensor, VoxelgradError } from '@voxelgrad/tensor';
import type { Attributes } from '../attributes.ts';
import { channelsFirst } from './channels.ts';

type Bound = number | null | undefined;

/** The entries that Python's `start:end:step` takes of an axis: negative bounds count from the end, bounds outside are moved to it. */
export function slicedEntries(extent: number, start: Bound, end: Bound, step: number): number[] {
  if (step === 0) throw new VoxelgradError('option', { what: 'a slice', expected: 'a step other than 0', got: '0' });
  const [lowest, highest] = step > 0 ? [0, extent] : [-1, extent - 1];
  const within = (bound: number): number => Math.min(Math.max(bound < 0 ? bound + extent : bound, lowest), highest);
  const from = start == null ? (step > 0 ? lowest : highest) : within(start);
  const to = end == null ? (step > 0 ? highest : lowest) : within(end);
  const entries: number[] = [];
  for (let i = from; step > 0 ? i < to : i > to; i += step) entries.push(i);
  return entries;
}

/** `slices`: start, end and step of each axis. */
export function sliced(x: Tensor, attrs: Attributes): Tensor {
  return attrs.lists('slices').reduce((result, [start, end, step], axis) => {
    const entries = slicedEntries(result.shape[axis]!, start, end, step ?? 1);
    return gather(result, fromArray(Int32Array.from(entries), [entries.length], { device: x.device }), axis);
  }, x);
}

/** `pad_last_axis_first`: before and after the last axis, then the one before it… */
export function padded(x: Tensor, attrs: Attributes): Tensor {
  const flat = attrs.numbers('pad_last_axis_first');
  const amounts = x.shape.map((_, axis): [number, number] => {
    const at = 2 * (x.rank - 1 - axis);
    return [flat[at] ?? 0, flat[at + 1] ?? 0];
  });
  const mode = attrs.choice(
    'mode',
    { constant: 'constant', reflect: 'mirror', replicate: 'edge' } as const,
    'constant',
  );
  return mode === 'constant' ? pad(x, amounts, attrs.number('value', 0)) : padBorder(x, amounts, mode);
}

/** torch.gather along axis 1 with one index per place: picks by a one-hot mask. */
export function picked(x: Tensor, index: Tensor, attrs: Attributes): Tensor {
  attrs.choice('axis', { 1: 1 });
  return sum(mul(x, oneHotFirst(index, x.shape[1]!)), { axes: 1, keepAxes: true });
}

/** Labels `[n, 1, …space]` → `[n, classes, …space]`. */
export const oneHotFirst = (labels: Tensor, classes: number): Tensor =>
  channelsFirst(oneHot(reshape(labels, [labels.shape[0]!, ...labels.shape.slice(2)]), classes));
