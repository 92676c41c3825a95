/** Random cases of every differentiable op. A case is a function of its seed. */
import type { Maker } from './draw.ts';
import { ELEMENTWISE_CASES } from './elementwise-cases.ts';
import { IMAGE_CASES } from './image-cases.ts';
import { MOVEMENT_CASES } from './movement-cases.ts';
import { NORM_CASES } from './norm-cases.ts';
import { REDUCTION_CASES } from './reduction-cases.ts';
import { VOLUME_CASES } from './volume-cases.ts';

export const GRADIENT_CASES: Readonly<Record<string, Maker>> = {
  ...ELEMENTWISE_CASES,
  ...REDUCTION_CASES,
  ...MOVEMENT_CASES,
  ...NORM_CASES,
  ...VOLUME_CASES,
  ...IMAGE_CASES,
};
