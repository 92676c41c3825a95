/** Softmax over the channels on WebGPU: few channels a thread each row, many channels up to 256 threads. */
import type { Operand } from '../../device/device.ts';
import { type Binding, read, write } from '../../device/webgpu/dispatch.ts';
import { writePreamble } from '../../device/webgpu/preamble.ts';
import type { WebgpuDevice } from '../../device/webgpu/webgpu-device.ts';
import { foldWorkgroups } from '../../device/webgpu/workgroups.ts';
import type { SoftmaxKernels } from './softmax.kernels.ts';

const INVOCATIONS = 256;
/** Channels that a thread takes before further threads join in. */
const CHANNELS_PER_LANE = 8;

export const softmaxWebgpu = (device: WebgpuDevice): SoftmaxKernels => {
  function launch(shader: string, code: string, bindings: readonly Binding[], x: Operand): void {
    const [rows, channels] = x.shape as readonly [number, number];
    const lanes = Math.min(INVOCATIONS, 2 ** Math.floor(Math.log2(Math.max(1, channels / CHANNELS_PER_LANE))));
    device.choose(() => `${lanes} threads a row`);
    device.dispatch({
      shader,
      preamble: writePreamble({ types: { element: x.dtype }, code }),
      bindings,
      parameters: [rows, channels, lanes],
      workgroups: foldWorkgroups(Math.ceil((rows * lanes) / INVOCATIONS)),
    });
  }
  const forward = (result: string) => (x: Operand, out: Operand) =>
    launch(
      'softmax/forward',
      `fn finish(x: f32, largest: f32, total: f32) -> f32 { return ${result}; }`,
      [read(x), write(out)],
      x,
    );
  const gradient = (term: string, result: string) => (dy: Operand, y: Operand, dx: Operand) =>
    launch(
      'softmax/gradient',
      `fn term(dy: f32, y: f32) -> f32 { return ${term}; }
fn finish(dy: f32, y: f32, total: f32) -> f32 { return ${result}; }`,
      [read(dy), read(y), write(dx)],
      y,
    );
  return {
    softmax: forward('exp(x - largest) / total'),
    logSoftmax: forward('x - largest - log(total)'),
    softmaxGradient: gradient('dy * y', 'y * (dy - total)'),
    logSoftmaxGradient: gradient('dy', 'dy - exp(y) * total'),
  };
};
