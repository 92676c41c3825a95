export { outputChannels } from './channels.ts';
export { networkOfConfiguration, networkOptions } from './network-of-plans.ts';
export { configurationOf, parsePlans } from './parse-plans.ts';
export { type MemoryTargets, type PlannerOptions, planExperiment } from './planner.ts';
export {
  type ArchitectureArguments,
  type Configuration,
  formatPlans,
  type NetworkPlan,
  type PlannedConfiguration,
  type Plans,
  type ResamplingArguments,
} from './plans.ts';
export { type NvidiaNetwork, type PlannerName, type PlannerPreset, plannerPresets } from './presets.ts';
export { resampledShape } from './target-spacing.ts';
