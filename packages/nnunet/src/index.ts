/** nnU-Net: networks, prediction, evaluation. */
export * from './evaluate/index.ts';
export * from './inference-geometry/index.ts';
export { type Architecture, completeArchitecture, divisors, type UNetOptions } from './networks/architecture.ts';
export { type NetworkPlacement, PlainConvUNet, type SegmentationNetwork } from './networks/plain-conv-unet.ts';
export { ResidualEncoderUNet } from './networks/residual-encoder-unet.ts';
export { largestClass, paintRegions } from './predict/segmentation.ts';
export { predictSlidingWindow, type SlidingWindowOptions, type Volume } from './predict/sliding-window.ts';
export * from './splits/index.ts';
