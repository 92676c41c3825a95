/** The top of the page: where the run stands, in words and in a bar; and below, what it was started with and what it holds of the memory. */
import { meanDice, movingAverages } from '../../../train/history.ts';
import type { ProgressState, RunEnd, RunState } from '../messages.ts';
import { byId, describe, html } from './elements.ts';
import { bytes, decimal, duration, speed } from './words.ts';

export function showRun({ title, settings }: RunState): void {
  byId('title').textContent = title;
  describe(byId('settings'), settings);
}

export function showProgress(run: RunState, progress: ProgressState, end: RunEnd | undefined): void {
  const { done, total, rate, secondsLeft, memory } = progress;
  const text = end === undefined ? stageText(run, progress) : endText(run, end);
  const status = byId('status');
  if (status.textContent !== text) status.textContent = text;
  status.className = end?.how === 'failed' ? 'failed' : '';
  const bar = byId<HTMLProgressElement>('progress');
  bar.max = Math.max(1, total);
  bar.value = done;
  bar.textContent = `${done} of ${total}`;
  document.title = `${end === undefined ? `${Math.floor((100 * done) / Math.max(1, total))} %` : endWord[end.how]} · ${run.title}`;
  const { records, epochs } = run;
  const isTraining = end === undefined && progress.stage !== 'held-out cases';
  const moving = movingAverages(records.map(({ pseudoDice }) => meanDice(pseudoDice))).at(-1);
  const tiles = [
    ['Epochs done', `${records.length} of ${epochs}`],
    [
      'Iterations done',
      `${Math.min(run.epochs * run.iterationsPerEpoch, isTraining ? done : iterationsOf(run)).toLocaleString('en')}`,
    ],
    ...(isTraining ? [['Speed', rate === null ? '–' : speed(rate)]] : []),
    ...(isTraining ? [['Time left', secondsLeft === null ? '–' : `about ${duration(secondsLeft)}`]] : []),
    ['Training loss', decimal(records.at(-1)?.trainingLoss)],
    ['Pseudo Dice (moving)', decimal(moving)],
  ] as const;
  describe(
    byId('tiles'),
    tiles.map(([name, value]) => ({ name: name!, value: value! })),
  );
  if (memory === undefined) return;
  describe(byId('memory'), [
    { name: 'Device', value: memory.device },
    { name: 'In use now', value: bytes(memory.used) },
    { name: 'In use at most so far', value: bytes(memory.peak) },
    { name: 'Taken from the system', value: bytes(memory.reserved) },
    { name: 'Main memory of the whole program', value: bytes(memory.program) },
  ]);
}

/** Mean Dice over held-out cases, where the run has come so far. */
export function showResult({ dice }: RunEnd): void {
  const panel = byId('result');
  panel.hidden = dice.length === 0;
  byId('result-rows').replaceChildren(
    ...dice.map(({ name, dice }) => html('tr', {}, html('th', { scope: 'row' }, name), html('td', {}, decimal(dice)))),
  );
}

const iterationsOf = ({ records, iterationsPerEpoch }: RunState): number => records.length * iterationsPerEpoch;

function stageText({ epochs, iterationsPerEpoch, records }: RunState, { stage, done, total }: ProgressState): string {
  const epoch = Math.min(epochs, records.length + 1);
  switch (stage) {
    case 'preparing':
      return 'Getting ready: the device is opened and the network is made.';
    case 'training':
      return `Training: epoch ${epoch} of ${epochs}, iteration ${done - records.length * iterationsPerEpoch} of ${iterationsPerEpoch}.`;
    case 'validation patches':
      return `Training: epoch ${epoch} of ${epochs} is looked at on validation patches.`;
    case 'held-out cases':
      return `Trained. Held-out cases are predicted whole: ${done} of ${total}.`;
  }
}

const endWord = { finished: 'Done', patience: 'Done', interrupted: 'Stopped', failed: 'Failed' } as const;

function endText(run: RunState, { how, problem }: RunEnd): string {
  const trained = `${run.records.length} of ${run.epochs} epochs`;
  switch (how) {
    case 'finished':
      return `Finished after ${trained}. This page stays as it is; closing it loses nothing, all is in the folder of the run.`;
    case 'patience':
      return `Finished after ${trained}: no epoch was better for as long as --patience says. This page stays as it is.`;
    case 'interrupted':
      return `Stopped after ${trained}, and saved. The command that was used goes on from here with --resume.`;
    case 'failed':
      return `Failed after ${trained}: ${problem ?? 'see the terminal'}`;
  }
}
