/** Launches resampling, sampling at points, pooling and filters on WebGPU. */
import type { Operand } from '../../device/device.ts';
import { read, write } from '../../device/webgpu/dispatch.ts';
import { writePreamble } from '../../device/webgpu/preamble.ts';
import type { WebgpuDevice } from '../../device/webgpu/webgpu-device.ts';
import { foldWorkgroups } from '../../device/webgpu/workgroups.ts';
import { type DType, isFloat } from '../../dtype.ts';
import { type Shape, sizeOf, type Triple } from '../../shape.ts';
import { type AxisWeights, isIdentity, transposed, weightsOfMap } from './axis-weights.ts';
import type { ResampleKernels } from './resample.kernels.ts';

const INVOCATIONS = 256;

const workgroupsFor = (count: number): [number, number, number] => foldWorkgroups(Math.ceil(count / INVOCATIONS));

/** Voxels and points of a block of 4 × 4 × 4, and how many such blocks a volume has. */
const BLOCK_SIZE = 64;
const blocksOf = (extents: Shape): number => sizeOf(extents.map((extent) => Math.ceil(extent / 4)));

const samplingPreamble = (mode: 'nearest' | 'linear', outside: 'zero' | 'edge'): string =>
  writePreamble({ constants: { LINEAR: mode === 'linear', EDGE: outside === 'edge' } });

export const resampleWebgpu = (device: WebgpuDevice): ResampleKernels => {
  const upload = (dtype: DType, values: readonly number[]): Operand => {
    const operand = device.temporary(dtype, [values.length]);
    device.write(operand, isFloat(dtype) ? Float32Array.from(values) : Int32Array.from(values));
    return operand;
  };

  function alongAxis(x: Operand, out: Operand, axis: number, weights: AxisWeights): void {
    const tables = [upload('i32', weights.starts), upload('i32', weights.indices), upload('f32', weights.weights)];
    const count = sizeOf(out.shape);
    device.dispatch({
      shader: 'resample/axis',
      preamble: '',
      bindings: [read(x), ...tables.map(read), write(out)],
      parameters: [count, x.shape[axis]!, out.shape[axis]!, sizeOf(out.shape.slice(axis + 1))],
      workgroups: workgroupsFor(count),
    });
    for (const { buffer } of tables) device.free(buffer);
  }

  /** One axis after the other. An axis that stays as it is costs nothing, unless all do. */
  function alongAxes(x: Operand, out: Operand, axes: readonly AxisWeights[]): void {
    const changed = [1, 2, 3].filter((axis) => !isIdentity(axes[axis - 1]!, x.shape[axis]!));
    const steps = changed.length === 0 ? [3] : changed;
    device.choose(() => `one axis after the other: ${steps.map((axis) => 'ndhw'[axis]).join(', ')}`);
    let current = x;
    steps.forEach((axis, i) => {
      const shape = current.shape.map((extent, a) => (a === axis ? out.shape[axis]! : extent));
      const next = i === steps.length - 1 ? out : device.temporary('f32', shape);
      alongAxis(current, next, axis, axes[axis - 1]!);
      if (current !== x) device.free(current.buffer);
      current = next;
    });
  }

  function pooling(
    shader: string,
    mode: 'max' | 'average',
    operands: readonly Operand[],
    pooled: Shape,
    sizes: readonly Triple[],
    countPadding: boolean,
  ): void {
    const out = operands.at(-1)!;
    const count = sizeOf(out.shape);
    device.dispatch({
      shader,
      preamble: writePreamble({ types: { element: out.dtype }, constants: { MAX: mode === 'max' } }),
      bindings: [...operands.slice(0, -1).map(read), write(out)],
      parameters: [count, ...operands[0]!.shape.slice(1), ...pooled.slice(1, 4), ...sizes.flat(), countPadding ? 1 : 0],
      workgroups: workgroupsFor(count),
    });
  }

  return {
    resample(mode, x, out, map) {
      alongAxes(x, out, weightsOfMap(mode, x.shape, out.shape, map));
    },

    resampleGradient(mode, dy, dx, map) {
      alongAxes(
        dy,
        dx,
        weightsOfMap(mode, dx.shape, dy.shape, map).map((weights, i) => transposed(weights, dx.shape[i + 1]!)),
      );
    },

    sampleGrid(mode, x, points, out, outside) {
      const count = sizeOf(out.shape);
      device.dispatch({
        shader: 'resample/sample-grid',
        preamble: samplingPreamble(mode, outside),
        bindings: [read(x), read(points), write(out)],
        parameters: [count, ...x.shape.slice(1), sizeOf(points.shape.slice(1, 4))],
        workgroups: workgroupsFor(count),
      });
    },

    sampleGridGradient(mode, dy, points, dx, outside) {
      const preamble = samplingPreamble(mode, outside);
      const [volume, grid] = [dx.shape.slice(1, 4), points.shape.slice(1, 4)];
      const [batch, channels] = [dx.shape[0]!, dx.shape[4]!];
      const parameters = [...volume, 0, ...grid, 0, batch, channels];
      const pointBlocks = batch * blocksOf(grid);
      const reach = device.temporary('i32', [pointBlocks, 2, 4]);
      device.dispatch({
        shader: 'resample/sample-grid-reach',
        preamble,
        bindings: [read(points), write(reach)],
        parameters,
        workgroups: foldWorkgroups(Math.ceil(pointBlocks / BLOCK_SIZE)),
      });
      device.dispatch({
        shader: 'resample/sample-grid-gradient',
        preamble,
        bindings: [read(dy), read(points), read(reach), write(dx)],
        parameters,
        workgroups: foldWorkgroups(batch * blocksOf(volume) * Math.ceil(channels / 4)),
      });
      device.free(reach.buffer);
    },

    sampleGridPointGradient(dy, x, points, dgrid, outside) {
      const count = sizeOf(points.shape.slice(0, 4));
      device.dispatch({
        shader: 'resample/sample-grid-points',
        preamble: samplingPreamble('linear', outside),
        bindings: [read(dy), read(x), read(points), write(dgrid)],
        parameters: [count, ...x.shape.slice(1), sizeOf(points.shape.slice(1, 4))],
        workgroups: workgroupsFor(count),
      });
    },

    pool(mode, x, out, kernel, stride, padding, countPadding) {
      pooling('resample/pool', mode, [x, out], out.shape, [kernel, stride, padding], countPadding);
    },

    poolGradient(mode, dy, x, dx, kernel, stride, padding, countPadding) {
      pooling('resample/pool-gradient', mode, [x, dy, dx], dy.shape, [kernel, stride, padding], countPadding);
    },

    filterAxis(x, taps, out, axis) {
      const count = sizeOf(x.shape);
      device.dispatch({
        shader: 'resample/filter-axis',
        preamble: '',
        bindings: [read(x), read(taps), write(out)],
        parameters: [
          count,
          x.shape[axis]!,
          sizeOf(x.shape.slice(axis + 1)),
          x.shape[4]!,
          sizeOf(x.shape.slice(1)),
          taps.shape[2]!,
        ],
        workgroups: workgroupsFor(count),
      });
    },
  };
};
