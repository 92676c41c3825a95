/** The patch that was trained on lately, what is true there and what the network says: three slices, a legend with the overlap, and what to show. */

import { outlineColors } from '../../outline-colors.ts';
import { fullestSlice, voxelsPerSlice } from '../../slice-counts.ts';
import type { PatchNotice, RunState } from '../messages.ts';
import { belongsTo, decodePatch, type Patch } from '../patch-bytes.ts';
import { byId, html, svg } from './elements.ts';
import { SliceView } from './slice-view.ts';
import { decimal } from './words.ts';

/** Of more classes only those that a patch has are listed. */
const mostListed = 8;

export class PatchPanel {
  readonly #views = ([0, 1, 2] as const).map((axis) => new SliceView(axis));
  readonly #truth = byId<HTMLInputElement>('show-truth');
  readonly #prediction = byId<HTMLInputElement>('show-prediction');
  readonly #hold = byId<HTMLInputElement>('hold-patch');
  readonly #channel = byId<HTMLSelectElement>('channel');
  #notice: PatchNotice | undefined;
  #patch: Patch | undefined;

  constructor() {
    byId('slices').append(...this.#views.map(({ element }) => element));
    for (const box of [this.#truth, this.#prediction]) box.addEventListener('change', () => this.#draw(false));
    this.#hold.addEventListener('change', () => this.#fetch());
    this.#channel.addEventListener('change', () => this.#fetch());
  }

  start({ channels, patch, problem }: RunState): void {
    if (this.#channel.options.length !== channels.length)
      this.#channel.replaceChildren(...channels.map((name, i) => html('option', { value: i }, name)));
    byId('channel-choice').hidden = channels.length < 2;
    if (problem !== undefined) this.fail(problem);
    if (patch !== undefined) this.announce(patch);
  }

  announce(patch: PatchNotice): void {
    this.#notice = patch;
    this.#fetch();
  }

  /** There are no patches. */
  fail(problem: string): void {
    byId('patch-status').textContent = problem;
  }

  async #fetch(): Promise<void> {
    const isOther = this.#patch?.id !== this.#notice?.id;
    if (this.#notice === undefined || (this.#hold.checked && isOther)) return;
    const response = await fetch(`patch?channel=${this.#channel.value || 0}`).catch(() => undefined);
    if (response?.ok !== true) return;
    const before = this.#patch;
    this.#patch = decodePatch(await response.arrayBuffer());
    byId('patch').classList.add('shown');
    byId('patch-status').textContent =
      `As the network saw it after ${this.#patch.iteration.toLocaleString('en')} iterations.`;
    this.#draw(before?.id !== this.#patch.id);
  }

  /** With `anew`, goes to the slices that show most. */
  #draw(anew: boolean): void {
    const patch = this.#patch;
    if (patch === undefined) return;
    const masks = [patch.truth, patch.prediction].map((labels) =>
      Uint8Array.from(labels, (value) => Number(patch.classes.some((one) => belongsTo(value, one, patch.regions)))),
    );
    const counts = voxelsPerSlice(masks, patch.shape);
    const layers = { truth: this.#truth.checked, prediction: this.#prediction.checked };
    this.#views.forEach((view, axis) => {
      // In the plane there is one slice, and the other two directions show nothing.
      view.element.hidden = patch.shape[0] === 1 && axis > 0;
      view.show(patch, layers, anew ? fullestSlice(counts[axis]!) : undefined);
    });
    this.#drawLegend(patch);
  }

  #drawLegend(patch: Patch): void {
    const rows = patch.classes.flatMap((one, i) => {
      const { truth, prediction } = outlineColors(i);
      const { dice, isThere } = overlap(patch, i);
      if (patch.classes.length > mostListed && !isThere) return [];
      return html(
        'tr',
        {},
        html('th', { scope: 'row' }, one.name),
        html('td', {}, sample(truth, '')),
        html('td', {}, sample(prediction, '7 5')),
        html('td', {}, isThere ? decimal(dice) : 'not here'),
      );
    });
    byId('patch-classes').replaceChildren(...rows);
  }
}

function overlap({ truth, prediction, classes, regions }: Patch, index: number) {
  const one = classes[index]!;
  let [both, sum] = [0, 0];
  for (let voxel = 0; voxel < truth.length; voxel++) {
    const [isTrue, isPredicted] = [belongsTo(truth[voxel]!, one, regions), belongsTo(prediction[voxel]!, one, regions)];
    sum += Number(isTrue) + Number(isPredicted);
    if (isTrue && isPredicted) both++;
  }
  return { dice: (2 * both) / sum, isThere: sum > 0 };
}

function sample(color: readonly number[], dash: string): SVGElement {
  const line = svg('line', { x1: 2, x2: 34, y1: 7, y2: 7, 'stroke-width': 2.4, 'stroke-dasharray': dash });
  line.style.stroke = `rgb(${color.join(' ')})`;
  return svg('svg', { class: 'sample', width: 36, height: 14, 'aria-hidden': 'true' }, line);
}
