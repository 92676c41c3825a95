/** Launches the resizing of labels on WebGPU: voxels and weights along each axis go to the device as tables, weights as integers (see double.wgsl). */
import { read, write } from '../../device/webgpu/dispatch.ts';
import { writePreamble } from '../../device/webgpu/preamble.ts';
import type { WebgpuDevice } from '../../device/webgpu/webgpu-device.ts';
import { foldWorkgroups } from '../../device/webgpu/workgroups.ts';
import { sizeOf } from '../../shape.ts';
import { type Neighbours, neighboursAlong } from './neighbours.ts';
import type { ResizeLabelsKernels } from './resize-labels.kernels.ts';

const INVOCATIONS = 128;
/** Words of a voxel along an axis: two indices, and two weights of three words. */
const ENTRY_WORDS = 8;

const double = new DataView(new ArrayBuffer(8));

/** The significand with its first bit at the top, in two words, and the exponent; zero's words are 0. */
function wordsOf(weight: number): readonly [high: number, low: number, exponent: number] {
  if (weight === 0) return [0, 0, 0];
  double.setFloat64(0, weight);
  const [top, bottom] = [double.getUint32(0), double.getUint32(4)];
  return [0x80000000 | (top << 11) | (bottom >>> 21), bottom << 11, (top >>> 20) - 1023];
}

function tableOf(axes: readonly Neighbours[]): Int32Array {
  const words = new Int32Array(ENTRY_WORDS * axes.reduce((sum, { low }) => sum + low.length, 0));
  let next = 0;
  for (const { low, high, lowWeight, highWeight } of axes)
    for (let i = 0; i < low.length; i++, next += ENTRY_WORDS)
      words.set([low[i]!, high[i]!, ...wordsOf(lowWeight[i]!), ...wordsOf(highWeight[i]!)], next);
  return words;
}

export const resizeLabelsWebgpu = (device: WebgpuDevice): ResizeLabelsKernels => ({
  resizeLabels(rule, x, out) {
    const from = x.shape.slice(1);
    const words = tableOf(from.map((extent, axis) => neighboursAlong(extent, out.shape[axis + 1]!)));
    const table = device.temporary('i32', [words.length]);
    device.write(table, words);
    const count = sizeOf(out.shape);
    device.dispatch({
      shader: 'resize-labels/resize-labels',
      preamble: writePreamble({ constants: { LARGEST: rule === 'largest', EVEN_HALF: rule === 'half' } }),
      bindings: [read(x), read(table), write(out)],
      parameters: [count, ...from, ...out.shape.slice(1)],
      workgroups: foldWorkgroups(Math.ceil(count / INVOCATIONS)),
    });
    device.free(table.buffer);
  },
});
