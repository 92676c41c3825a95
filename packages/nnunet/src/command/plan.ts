/** `voxelgrad plan`: nnUNetv2_plan_experiment. */
import { join } from 'node:path';
import { VoxelgradError } from '@voxelgrad/tensor';
import { measureDeviceMemory } from '../plan/node/device-memory.ts';
import { planDataSet } from '../plan/node/plan-data-set.ts';
import { configurationOf } from '../plan/parse-plans.ts';
import type { Plans } from '../plan/plans.ts';
import { type PlannerPreset, plannerPresets } from '../plan/presets.ts';
import { formatTable } from '../report/table.ts';
import type { OptionValues } from '../terminal/option-spec.ts';
import { type CommandContext, defineCommand } from './command.ts';
import { deviceOptions, onDevice } from './device-options.ts';
import {
  dataSetOptions,
  type FoundDataSet,
  findDataSets,
  plannerOptions,
  plannerOptionsOf,
  positive,
} from './planning-options.ts';

const { progress: _, verbose: __, ...sharedOptions } = dataSetOptions;

export const plan = defineCommand(
  {
    name: 'voxelgrad plan',
    options: { ...sharedOptions, ...plannerOptions, device: deviceOptions.device },
    examples: [
      'voxelgrad plan -d 4',
      'voxelgrad plan -d 4 -pl nnUNetPlannerResEncL',
      'voxelgrad plan -d 137 -pl voxelgradPlannerNVIDIABraTS',
      'voxelgrad plan -d 4 --fit-memory auto -overwrite_plans_name nnUNetPlans_here',
      'voxelgrad plan -d 4 -gpu_memory_target 16 -overwrite_plans_name nnUNetPlans_16GB',
    ],
  },
  async ({ options }, context) => {
    for (const dataSet of await findDataSets(options, context)) await makePlans(dataSet, options, context);
  },
);

export type PlanOptions = OptionValues<typeof plannerOptions & Pick<typeof deviceOptions, 'device'>>;

/** Writes the plans and prints them in short. */
export async function makePlans(found: FoundDataSet, options: PlanOptions, context: CommandContext): Promise<Plans> {
  const preset: PlannerPreset = plannerPresets[options.planner];
  if (options.fitMemory !== undefined && preset.nvidia !== undefined)
    throw new VoxelgradError('option', {
      what: '--fit-memory',
      expected: 'a planner that chooses patches by memory',
      got: options.planner,
      help: "NVIDIA's networks have the patch, depth and filters that they are told: give smaller ones",
    });
  const fit = options.fitMemory === undefined ? undefined : await memoryToFit(options.fitMemory, options.device);
  if (fit !== undefined) context.print(`planning for ${(fit.bytes / 1e9).toPrecision(3)} GB`);
  const plannerOptions = {
    ...plannerOptionsOf(options),
    ...(fit?.largestTensor === undefined ? {} : { largestTensor: fit.largestTensor }),
  };
  const memory = fit && { bytes: fit.bytes, mixedPrecision: options.amp };
  const plans = await planDataSet(found.name, found.rawFolder, found.preprocessedFolder, plannerOptions, memory);
  context.print(join(found.preprocessedFolder, `${plans.plans_name}.json`));
  context.print(summaryOf(plans));
  return plans;
}

/** Only a measured device has a limit for one buffer. */
async function memoryToFit(
  text: string,
  device: PlanOptions['device'],
): Promise<{ readonly bytes: number; readonly largestTensor?: number }> {
  if (text === 'auto') return onDevice({ device, threads: undefined }, (opened) => measureDeviceMemory(opened));
  return { bytes: positive(text, '--fit-memory') * 1e9 };
}

function summaryOf(plans: Plans): string {
  const sizes = (values: readonly number[]): string => values.map((value) => Number(value.toPrecision(4))).join(' × ');
  return formatTable({
    header: ['configuration', 'patch', 'batch', 'spacing (mm)', 'median shape', 'stages'],
    rows: Object.keys(plans.configurations).map((name) => {
      const { patch_size, batch_size, spacing, median_image_size_in_voxels, architecture } = configurationOf(
        plans,
        name,
      );
      const stages = String(architecture.arch_kwargs.n_stages);
      return [name, sizes(patch_size), String(batch_size), sizes(spacing), sizes(median_image_size_in_voxels), stages];
    }),
  });
}
