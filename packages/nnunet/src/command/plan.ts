/** `voxelgrad plan`: nnUNetv2_plan_experiment. */
import { join } from 'node:path';
import { planDataSet } from '../plan/node/plan-data-set.ts';
import { configurationOf } from '../plan/parse-plans.ts';
import type { Plans } from '../plan/plans.ts';
import { formatTable } from '../report/table.ts';
import type { OptionValues } from '../terminal/option-spec.ts';
import { type CommandContext, defineCommand } from './command.ts';
import {
  dataSetOptions,
  type FoundDataSet,
  findDataSets,
  plannerOptions,
  plannerOptionsOf,
} from './planning-options.ts';

const { progress: _, verbose: __, ...sharedOptions } = dataSetOptions;

export const plan = defineCommand(
  {
    name: 'voxelgrad plan',
    summary: 'Plans networks, patches and spacings from a fingerprint, as nnU-Net does.',
    options: { ...sharedOptions, ...plannerOptions },
    examples: [
      'voxelgrad plan -d 4',
      'voxelgrad plan -d 4 -pl nnUNetPlannerResEncL',
      'voxelgrad plan -d 4 -gpu_memory_target 16 -overwrite_plans_name nnUNetPlans_16GB',
    ],
  },
  async ({ options }, context) => {
    for (const dataSet of await findDataSets(options, context)) await makePlans(dataSet, options, context);
  },
);

export type PlanOptions = OptionValues<typeof plannerOptions>;

/** Writes the plans and prints them in short. */
export async function makePlans(found: FoundDataSet, options: PlanOptions, context: CommandContext): Promise<Plans> {
  const plans = await planDataSet(found.name, found.rawFolder, found.preprocessedFolder, plannerOptionsOf(options));
  context.print(join(found.preprocessedFolder, `${plans.plans_name}.json`));
  context.print(summaryOf(plans));
  return plans;
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
