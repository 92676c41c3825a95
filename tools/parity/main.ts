/**
 * pnpm parity [DIR…] [--device cpu|webgpu] [--only AREA,…] [--half] [--json FILE]
 *
 * Runs golden cases made by the official Python code through the public API. Prints a line for each failure and ends with the counts; exits 1 if
 * there was one, or where there is nothing to run: areas that nobody knows must not look as if they had passed. With --half trajectories are trained in
 * mixed precision.
 */
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { type Device, isVoxelgradError, VoxelgradError } from '@voxelgrad/tensor';
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
  /** None today: every area is checked, and a case that cannot be run fails. */
  skipped: number;
  /** The largest error as a multiple of its tolerance. */
  worst: number;
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        device: { type: 'string', default: 'cpu' },
        only: { type: 'string' },
        half: { type: 'boolean', default: false },
        json: { type: 'string' },
      },
    });
  } catch (cause) {
    throw new VoxelgradError('option', { what: 'pnpm parity', got: (cause as Error).message, cause });
  }
}

/** The cases to run. Throws 'option' for areas that are not known, and where none of the cases are of those wanted. */
async function selectCases(folders: readonly string[], only: readonly string[] | undefined): Promise<ParityCase[]> {
  for (const area of only ?? []) checkArea('--only', area);
  const cases: ParityCase[] = [];
  for (const folder of folders) cases.push(...(await readCases(folder)));
  for (const { area, folder } of cases) checkArea(folder, area);
  const selected = cases.filter(({ area }) => only === undefined || only.includes(area));
  if (selected.length === 0)
    throw new VoxelgradError('option', {
      what: '--only',
      expected: `some of ${[...new Set(cases.map(({ area }) => area))].join(', ')}`,
      got: String(only),
      help: 'the folders given have no cases of those areas',
    });
  return selected;
}

function checkArea(what: string, area: string): void {
  if (Object.hasOwn(AREAS, area)) return;
  throw new VoxelgradError('option', {
    what,
    expected: `an area: ${Object.keys(AREAS).join(', ')}`,
    got: area,
    help: "the area of a folder's cases is the 'group' in its index.json, else its name",
  });
}

async function main(): Promise<number> {
  const { values, positionals } = readArguments();
  const cases = await selectCases(
    positionals.length > 0 ? positionals : ['../shared/fixtures'],
    values.only?.split(','),
  );
  if (values.half) AREAS.trajectory = checkHalfTrajectory;
  const device = await openDevice(values.device as DeviceName);
  const results: Record<string, AreaResult> = {};
  for (const entry of cases) {
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
  try {
    const { worst, where } = await AREAS[entry.area]!(entry, device);
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

try {
  process.exitCode = await main();
} catch (error) {
  if (!isVoxelgradError(error)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
