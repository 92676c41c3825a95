/**
 * Plans of one data set for another, so that a network that was trained on the first can be trained on with the second
 * (nnunetv2/experiment_planning/plans_for_pretraining/move_plans_between_datasets.py).
 */
import { type DatasetDescription, imageReaderOf } from '@voxelgrad/io/datasets';
import type { PlannedConfiguration, Plans } from './plans.ts';

/** What is planned stays; what belongs to the data set becomes `target`'s: its name, the plans' name, the folders of its cases, what reads its images. */
export function plansForDataset(
  plans: Plans,
  target: { readonly datasetName: string; readonly plansName: string; readonly description: DatasetDescription },
): Plans {
  const { datasetName, plansName, description } = target;
  const configurations = Object.fromEntries(
    Object.entries(plans.configurations).map(([name, configuration]) => [
      name,
      withIdentifier(configuration, plans.plans_name, plansName),
    ]),
  );
  return {
    ...plans,
    dataset_name: datasetName,
    plans_name: plansName,
    image_reader_writer: imageReaderOf(description),
    configurations,
  };
}

/** Cases preprocessed by plans of the old name, if the data set has any, are others: the new name gets a folder of its own. */
function withIdentifier(configuration: PlannedConfiguration, before: string, now: string): PlannedConfiguration {
  const { data_identifier } = configuration;
  if (data_identifier === undefined || before === now) return configuration;
  const rest = data_identifier.startsWith(before) ? data_identifier.slice(before.length) : `_${data_identifier}`;
  return { ...configuration, data_identifier: now + rest };
}
