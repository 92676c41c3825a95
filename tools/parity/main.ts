/**
 * pnpm parity [DIR…] [--device cpu|webgpu] [--only AREA,…] [--half] [--json FILE]
 *
 * Runs golden cases made by the official Python code through the public API. Prints a line for each failure and ends with the counts; exits 1 if
 * there was one. Areas that nothing here checks yet are counted as skipped. With --half trajectories are trained in mixed precision.
 */
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { type Device, isVoxelgradError } from '@voxelgrad/tensor';
import { type DeviceName, openDevice } from '@voxelgrad/tensor/node';
import { checkAugmentation } from './areas/augmentation.ts';
import { checkEvaluation } from './areas/evaluation.ts';
import { checkInference } from './areas/inference.ts';
import { checkLoss } from './areas/losses.ts';
import { checkModel } from './areas/model.ts';
import { checkNetwork } from './areas/network.ts';
import { checkOp } from './areas/ops.ts';
import { checkOptimizer } from './areas/optim.ts';
import { checkPlanner } from './areas/planner.ts';
import { checkPreprocess } from './areas/preprocess.ts';
import { checkResample } from './areas/resample.ts';
import { checkHalfTrajectory, checkTrajectory } from './areas/trajectory.ts';
import { type ParityCase, readCases } from './cases.ts';
import type { Comparison } from './compare.ts';

const AREAS: Record<string, (entry: ParityCase, device: Device) => Promise<Comparison>> = {
  ops: checkOp,
  losses: checkLoss,
  optim: checkOptimizer,
  network: checkNetwork,
  trajectory: checkTrajectory,
  planner: checkPlanner,
  preprocess: checkPreprocess,
  resample: checkResample,
  inference: checkInference,
  model: checkModel,
  augmentation: checkAugmentation,
  evaluation: checkEvaluation,
};

interface AreaResult {
  passed: number;
  failed: number;
  skipped: number;
  /** The largest error as a multiple of its tolerance. */
  worst: number;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      device: { type: 'string', default: 'cpu' },
      only: { type: 'string' },
      half: { type: 'boolean', default: false },
      json: { type: 'string' },
    },
  });
  const folders = positionals.length > 0 ? positionals : ['../shared/fixtures'];
  const only = values.only?.split(',');
  if (values.half) AREAS.trajectory = checkHalfTrajectory;
  const device = await openDevice(values.device as DeviceName);
  const results: Record<string, AreaResult> = {};
  for (const folder of folders)
    for (const entry of await readCases(folder)) {
      if (only !== undefined && !only.includes(entry.area)) continue;
      results[entry.area] ??= { passed: 0, failed: 0, skipped: 0, worst: 0 };
      await check(entry, device, results[entry.area]!);
    }
  await device.close();
  const total = (key: 'passed' | 'failed' | 'skipped'): number =>
    Object.values(results).reduce((sum, area) => sum + area[key], 0);
  for (const [area, { passed, failed, skipped, worst }] of Object.entries(results))
    console.log(
      `${area.padEnd(14)} ${passed} passed, ${failed} failed, ${skipped} skipped; worst ${worst.toPrecision(2)} × tolerance`,
    );
  const summary = {
    device: values.device,
    passed: total('passed'),
    failed: total('failed'),
    skipped: total('skipped'),
    areas: results,
  };
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(summary, null, 1)}\n`);
  console.log(`${summary.passed} passed, ${summary.failed} failed, ${summary.skipped} skipped`);
  return summary.failed > 0 ? 1 : 0;
}

async function check(entry: ParityCase, device: Device, result: AreaResult): Promise<void> {
  const run = AREAS[entry.area];
  if (run === undefined) {
    result.skipped++;
    return;
  }
  try {
    const { worst, where } = await run(entry, device);
    result.worst = Math.max(result.worst, worst);
    if (worst <= 1) result.passed++;
    else {
      result.failed++;
      console.log(`FAILED ${entry.area}/${entry.name}: ${where}`);
    }
  } catch (error) {
    result.failed++;
    console.log(
      `FAILED ${entry.area}/${entry.name}: ${isVoxelgradError(error) ? error.message : (error as Error).stack}`,
    );
  }
}

process.exitCode = await main();
