/** 2-D images `[n, h, w, c]` as volumes `[n, 1, h, w, c]`: what ops on volumes make of them. */
import { tidy } from '../scope.ts';
import type { Shape, Triple } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { reshape } from './copy/copy.ts';

/** One number for each axis of an image: height, width. */
export type Pair = readonly [number, number];

export const deepen = (x: Tensor): Tensor => reshape(x, [x.shape[0]!, 1, ...x.shape.slice(1)]);
export const flatten = (y: Tensor): Tensor => reshape(y, [y.shape[0]!, ...y.shape.slice(2)]);

/** What `work` makes of an image's volume, as an image. */
export const asVolume = (x: Tensor, work: (x: Tensor) => Tensor): Tensor => tidy(() => flatten(work(deepen(x))));

/** An image's window, stride or size along the volume's axes. */
export const withDepth = (values: Shape, depth: number): Triple => [depth, ...values] as unknown as Triple;
