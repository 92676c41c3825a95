/** All epochs as a table: for exact numbers, for copying, and for those who do not see curves. */
import { meanDice } from '../../../train/history.ts';
import type { RunState } from '../messages.ts';
import { byId, html } from './elements.ts';
import { decimal, duration, small } from './words.ts';

export function showTable({ records, classes }: RunState): void {
  const details = byId<HTMLDetailsElement>('table');
  // A thousand rows cost nothing while nobody reads them.
  if (!details.open) return;
  const row = (kind: 'th' | 'td', cells: readonly string[]): HTMLTableRowElement =>
    html('tr', {}, ...cells.map((cell) => html(kind, kind === 'th' ? { scope: 'col' } : {}, cell)));
  const head = ['Epoch', 'Training loss', 'Validation loss', 'Mean Dice', ...classes, 'Learning rate', 'Time'];
  const rows = records.map((record, epoch) =>
    row('td', [
      String(epoch + 1),
      decimal(record.trainingLoss),
      decimal(record.validationLoss),
      decimal(meanDice(record.pseudoDice)),
      ...classes.map((_, i) => decimal(record.pseudoDice[i])),
      small(record.learningRate),
      duration(record.seconds),
    ]),
  );
  byId('table-rows').replaceChildren(html('thead', {}, row('th', head)), html('tbody', {}, ...rows.reverse()));
}
