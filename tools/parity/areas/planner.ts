/** Fingerprint and dataset.json → plans, by every planner that the case names. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readDatasetJson } from '@voxelgrad/io';
import { openFile } from '@voxelgrad/io/node';
import { formatPlans, type PlannerName, parseFingerprint, planExperiment } from '@voxelgrad/nnunet';
import type { ParityCase } from '../cases.ts';
import { Comparison, exactly } from '../compare.ts';

export async function checkPlanner(entry: ParityCase): Promise<Comparison> {
  const { dataset_name, planners } = entry.attrs as {
    dataset_name: string;
    planners: Record<string, [PlannerName, string, number]>;
  };
  const files = entry.files as Record<string, string>;
  const text = (name: string): Promise<string> => readFile(join(entry.folder, files[name]!), 'utf8');
  const description = await readDatasetJson(await openFile(join(entry.folder, files.dataset!)));
  const fingerprint = parseFingerprint(await text('fingerprint'));
  const comparison = new Comparison(exactly);
  for (const [name, [planner, plansName, memory]] of Object.entries(planners)) {
    const plans = planExperiment(dataset_name, description, fingerprint, { planner, plansName, memory });
    comparison.json(name, JSON.parse(formatPlans(plans)), JSON.parse(await text(name)));
  }
  return comparison;
}
