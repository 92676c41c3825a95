export { type Blend, type GaussianOptions, gaussianImportance, windowWeights } from './importance.ts';
export { mirrorCombinations } from './mirroring.ts';
export { outside, type Padding, type PaddingMode, paddingSources, paddingToPatch } from './padding.ts';
export { type WindowOptions, type WindowSpread, windowOrigins, windowSteps } from './windows.ts';
