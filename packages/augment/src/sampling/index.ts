/** Which patches are drawn, and how they are read: no transforms. */
export { type ClassLocations, collectClassLocations, keptLocations } from './class-locations.ts';
export {
  configurePatch,
  initialSize2d,
  initialSize3d,
  type PatchConfiguration,
} from './initial-patch-size.ts';
export { OrderedPatches } from './ordered-patches.ts';
export {
  type PatchPlace,
  type PatchSampler,
  type PatchSamplerSettings,
  RandomPatches,
  type RandomPatchSettings,
} from './patch-sampler.ts';
export { allocatePatches, type HostPatches, readPatches } from './read-patches.ts';
export { TimeSlice } from './time-slice.ts';
export {
  ArrayCase,
  type ArrayCaseSettings,
  type BoxTarget,
  type LabelArray,
  type TrainingCase,
} from './training-case.ts';
