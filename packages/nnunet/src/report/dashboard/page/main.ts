/** The dashboard's page: keeps the state of the run as the server tells it, and shows it. */
import { LossTrace } from '../loss-trace.ts';
import type { ProgressState, RunState } from '../messages.ts';
import { Charts } from './charts.ts';
import { Connection } from './connection.ts';
import { byId } from './elements.ts';
import { showTable } from './epoch-table.ts';
import { showProgress, showResult, showRun } from './overview.ts';
import { PatchPanel } from './patch-panel.ts';

const patchPanel = new PatchPanel();
let run: RunState | undefined;
let progress: ProgressState | undefined;
let trace = new LossTrace();
let charts: Charts | undefined;
let redraw = 0;

/** Draws once a frame, however much has come. */
function show(): void {
  cancelAnimationFrame(redraw);
  redraw = requestAnimationFrame(() => {
    if (run === undefined) return;
    charts ??= new Charts(byId('charts'), run);
    charts.update(run, trace);
    showProgress(run, progress ?? run.progress, run.end);
    showTable(run);
    document.body.dataset.state = run.end === undefined ? 'running' : 'ended';
  });
}

new Connection(
  {
    run: (state) => {
      run = state;
      progress = state.progress;
      trace = new LossTrace(state.losses, state.lossesPerPoint);
      trace.add(state.latestLosses);
      showRun(state);
      patchPanel.start(state);
      show();
    },
    progress: (state) => {
      progress = state;
      show();
    },
    losses: (losses) => {
      trace.add(losses);
      show();
    },
    epoch: (record) => {
      if (run !== undefined) run = { ...run, records: [...run.records, record] };
      show();
    },
    patch: (patch) => patchPanel.announce(patch),
    problem: (problem) => patchPanel.fail(problem),
    end: (end) => {
      if (run !== undefined) run = { ...run, end };
      showResult(end);
      show();
    },
  },
  (isConnected) => {
    byId('lost').hidden = isConnected || run?.end !== undefined;
  },
);

byId('table').addEventListener('toggle', show);
