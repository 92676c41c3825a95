/** `voxelgrad plan-and-preprocess`: nnUNetv2_plan_and_preprocess, all that comes before training. */
import { defineCommand } from './command.ts';
import { fingerprintOptions, makeFingerprint } from './fingerprint.ts';
import { makePlans } from './plan.ts';
import { dataSetOptions, findDataSets, plannerOptions } from './planning-options.ts';
import { makePreprocessed, preprocessOptions } from './preprocess.ts';

export const planAndPreprocess = defineCommand(
  {
    name: 'voxelgrad plan-and-preprocess',
    options: {
      ...dataSetOptions,
      ...fingerprintOptions,
      clean: { type: 'boolean', help: 'Make everything again, even what is there already.' },
      ...plannerOptions,
      ...preprocessOptions,
      preprocess: {
        type: 'boolean',
        default: true,
        negations: ['--no_pp'],
        help: 'Preprocess after planning.',
      },
    },
    examples: [
      'voxelgrad plan-and-preprocess -d 4 --verify_dataset_integrity',
      'voxelgrad plan-and-preprocess -d 4 -c 3d_fullres -np 4 -pl nnUNetPlannerResEncL',
    ],
  },
  async ({ options }, context) => {
    for (const found of await findDataSets(options, context)) {
      await makeFingerprint(found, options, context);
      const plans = await makePlans(found, options, context);
      if (options.preprocess) await makePreprocessed(found, plans, options, context);
    }
  },
);
