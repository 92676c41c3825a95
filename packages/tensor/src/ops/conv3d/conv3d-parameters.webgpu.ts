/** What the WebGPU convolutions of all directions hand to their shaders. */
import type { Operand } from '../../device/device.ts';
import type { Shape, Triple } from '../../shape.ts';
import type { Conv3dGeometry } from './conv3d.kernels.ts';

/** Bits of a voxel's mask that one axis has (AXIS_TAPS in the shaders). */
const MAXIMUM_AXIS_TAPS = 10;

/** Shaders are compiled for tables of so many taps, not anew for each number of taps. */
const TAP_TABLES = [27, 125];

export const volume = ([d, h, w]: Triple): number => d * h * w;

export const kernelOf = ({ shape }: Operand): Triple => [shape[0]!, shape[1]!, shape[2]!];

/** The extents `[n, d, h, w]` of a tensor `[n, d, h, w, c]`. */
export const extentOf = ({ shape }: Operand): Shape => shape.slice(0, 4);

export const channelsOf = ({ shape }: Operand): number => shape[4]!;

/** Each a vec4u: kernel, stride, padding, dilation. */
export const geometryWords = (kernel: Triple, { stride, padding, dilation }: Conv3dGeometry): number[] =>
  [kernel, stride, padding, dilation].flatMap((triple) => [...triple, 0]);

/** What tuned choices are kept by, besides shapes: 'stride 1 1 1 padding 1 1 1 dilation 1 1 1'. */
export const describeGeometry = ({ stride, padding, dilation }: Conv3dGeometry): string =>
  `stride ${stride.join(' ')} padding ${padding.join(' ')} dilation ${dilation.join(' ')}`;

/** Whether the gathered matrix products can do it. */
export const isGathered = (kernel: Triple, { groups }: Conv3dGeometry): boolean =>
  groups === 1 && kernel.every((extent) => extent <= MAXIMUM_AXIS_TAPS) && volume(kernel) <= TAP_TABLES.at(-1)!;

/** The smallest table that `kernel` fits. */
export const tapTable = (kernel: Triple): number => TAP_TABLES.find((taps) => taps >= volume(kernel))!;

/** Whether rows of so many channels can be read as whole vec4. */
export const isQuads = (channels: number): boolean => channels % 4 === 0;

/** As many bits as four elements have: what conv3d/kept.wgsl selects by. */
export const elementBits = ({ dtype }: Operand): string =>
  `alias element_bits = ${dtype === 'f16' ? 'vec2u' : 'vec4u'};`;

/** One call for each quad, written out: drivers do not unroll so much by themselves, and sums that are indexed are no registers. */
export const forEachQuad = (quads: number, call: (quad: number) => string): string =>
  Array.from({ length: quads }, (_, quad) => `  ${call(quad)};`).join('\n');
