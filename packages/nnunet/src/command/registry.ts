/** The subcommands of `voxelgrad`, in the order in which they are used. A new one is a file here, a line below and one in summaries.ts; each is loaded when it is called. */
import type { Command } from './command.ts';
import type { CommandName } from './summaries.ts';

export const commands: Readonly<Record<CommandName, () => Promise<Command>>> = {
  convert: async () => (await import('./convert.ts')).convert,
  'convert-image': async () => (await import('./convert-image.ts')).convertImageCommand,
  check: async () => (await import('./check.ts')).check,
  fingerprint: async () => (await import('./fingerprint.ts')).fingerprint,
  plan: async () => (await import('./plan.ts')).plan,
  preprocess: async () => (await import('./preprocess.ts')).preprocess,
  'plan-and-preprocess': async () => (await import('./plan-and-preprocess.ts')).planAndPreprocess,
  'move-plans-between-datasets': async () => (await import('./move-plans.ts')).movePlans,
  train: async () => (await import('./train.ts')).train,
  predict: async () => (await import('./predict.ts')).predict,
  'predict-from-modelfolder': async () => (await import('./predict.ts')).predictFromModelFolder,
  evaluate: async () => (await import('./evaluate.ts')).evaluate,
  'accumulate-crossval': async () => (await import('./cross-validation.ts')).accumulateCrossval,
  'find-best-configuration': async () => (await import('./cross-validation.ts')).findBest,
  ensemble: async () => (await import('./ensemble.ts')).ensemble,
  'determine-postprocessing': async () =>
    (await import('./determine-postprocessing.ts')).determinePostprocessingCommand,
  'apply-postprocessing': async () => (await import('./apply-postprocessing.ts')).applyPostprocessing,
  'export-model': async () => (await import('./exchange.ts')).exportModel,
  'install-model': async () => (await import('./exchange.ts')).installModel,
  'plot-overlays': async () => (await import('./plot-overlays.ts')).plotOverlays,
};
