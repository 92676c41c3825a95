/** Patch sampling and the batched augmentations of nnU-Net, on tensors. */
export { type BatchRandom, batchRandom } from './random/batch-random.ts';
export { HostRandom, type HostRandomState } from './random/host-random.ts';
export { type ClassLocations, collectClassLocations, keptLocations } from './sampling/class-locations.ts';
export { configurePatch, type PatchConfiguration } from './sampling/initial-patch-size.ts';
export { OrderedPatches } from './sampling/ordered-patches.ts';
export {
  type PatchPlace,
  type PatchSampler,
  type PatchSamplerSettings,
  RandomPatches,
  type RandomPatchSettings,
} from './sampling/patch-sampler.ts';
export { allocatePatches, type HostPatches, readPatches } from './sampling/read-patches.ts';
export { TimeSlice } from './sampling/time-slice.ts';
export {
  ArrayCase,
  type ArrayCaseSettings,
  type BoxTarget,
  type LabelArray,
  type TrainingCase,
} from './sampling/training-case.ts';
