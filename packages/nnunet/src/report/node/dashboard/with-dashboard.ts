/** `--dashboard [PORT]`, for every command that trains. */
import { isVoxelgradError } from '@voxelgrad/tensor';
import type { OptionSpecs } from '../../../terminal/option-spec.ts';
import type { RunEnd } from '../../dashboard/messages.ts';
import { Dashboard, type DashboardRun } from './dashboard.ts';

export const dashboardOptions = {
  dashboard: {
    type: 'integer',
    bare: 0,
    minimum: 1024,
    maximum: 65535,
    placeholder: 'port',
    help:
      'Show the training as it goes on a page, at the address that is printed: curves, the current patch, time left. Only browsers on this machine can ' +
      'open it (of another machine: ssh -L PORT:127.0.0.1:PORT).',
  },
} as const satisfies OptionSpecs;

/** Runs `work` with a dashboard where one is asked for, which is told how the work ended. Throws 'option' where the port is not free. */
export async function withDashboard(
  port: number | undefined,
  run: DashboardRun,
  print: (line: string) => void,
  work: (dashboard: Dashboard | undefined) => Promise<RunEnd>,
): Promise<void> {
  if (port === undefined) {
    await work(undefined);
    return;
  }
  const dashboard = await Dashboard.open(port === dashboardOptions.dashboard.bare ? undefined : port, run);
  print(`dashboard: ${dashboard.address}`);
  let end: RunEnd = { how: 'failed', dice: [] };
  try {
    end = await work(dashboard);
  } catch (error) {
    if (isVoxelgradError(error, 'interrupted')) end = { how: 'interrupted', dice: [] };
    else end = { ...end, problem: error instanceof Error ? error.message : String(error) };
    throw error;
  } finally {
    await dashboard.close(end);
  }
}
