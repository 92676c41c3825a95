/**
 * Curves over epochs, with axes, and a legend that tells their values: those of the latest epoch, or of the one that is pointed at, by mouse, finger or arrow
 * keys. A curve is hidden and shown again by its entry in the legend.
 */
import { niceTicks, type Ticks } from '../../ticks.ts';
import type { Cursor } from './cursor.ts';
import { type CurveStyle, paint } from './curve-style.ts';
import { html, svg } from './elements.ts';

export interface ChartSettings {
  readonly title: string;
  /** What is seen here and what is good, in a sentence or two. */
  readonly explanation: string;
  readonly unit: string;
  readonly format: (value: number) => string;
  /** Bounds of the vertical axis; without them it fits the values. */
  readonly range?: readonly [number, number];
  /** Whether the vertical axis begins at 0. */
  readonly fromZero?: boolean;
  /** Shown while there is no curve. */
  readonly empty: string;
}

export interface ChartCurve {
  readonly name: string;
  readonly style: CurveStyle;
  /** Ascending in x, which counts epochs: 1 is the end of the first. A value that is not finite leaves a gap. */
  readonly points: readonly (readonly [x: number, y: number])[];
}

const plotHeight = 240;
const room = { right: 18, top: 10, bottom: 42 };

export class Chart {
  readonly element: HTMLElement;
  readonly #settings: ChartSettings;
  readonly #cursor: Cursor;
  readonly #plot = html('div', { class: 'plot', tabindex: 0, role: 'img' });
  readonly #when = html('p', { class: 'when', 'aria-live': 'polite' });
  readonly #legend = html('ul', { class: 'legend' });
  readonly #hidden = new Set<string>();
  #curves: readonly ChartCurve[] = [];
  #epochs = 0;
  #width = 0;

  constructor(settings: ChartSettings, cursor: Cursor) {
    this.#settings = settings;
    this.#cursor = cursor;
    this.element = html(
      'section',
      { class: 'panel' },
      html('h2', {}, settings.title),
      html('p', { class: 'explanation' }, settings.explanation),
      this.#plot,
      this.#when,
      this.#legend,
    );
    cursor.onMove(() => this.#draw());
    this.#plot.addEventListener('pointermove', (event) => this.#pointAt(event.offsetX));
    this.#plot.addEventListener('pointerdown', (event) => this.#pointAt(event.offsetX));
    this.#plot.addEventListener('pointerleave', () => this.#release());
    this.#plot.addEventListener('blur', () => this.#release());
    this.#plot.addEventListener('keydown', (event) => this.#walk(event));
    new ResizeObserver(([entry]) => {
      const width = Math.floor(entry!.contentRect.width);
      if (width === this.#width) return;
      this.#width = width;
      this.#draw();
    }).observe(this.#plot);
  }

  /** `epochs`: how many are complete. */
  update(curves: readonly ChartCurve[], epochs: number): void {
    this.#curves = curves;
    this.#epochs = epochs;
    this.#draw();
  }

  get #shown(): readonly ChartCurve[] {
    return this.#curves.filter(({ name }) => !this.#hidden.has(name));
  }

  #release(): void {
    this.#cursor.epoch = undefined;
  }

  #pointAt(x: number): void {
    if (this.#epochs === 0 || this.#width === 0) return;
    const { left, right, end } = this.#frame();
    const epoch = Math.round(((x - left) / (right - left)) * end);
    this.#cursor.epoch = Math.min(this.#epochs, Math.max(1, epoch));
  }

  #walk(event: KeyboardEvent): void {
    const from = this.#cursor.epoch;
    const targets: Record<string, number | undefined> = {
      ArrowLeft: (from ?? this.#epochs + 1) - 1,
      ArrowRight: (from ?? 0) + 1,
      Home: 1,
      End: this.#epochs,
      Escape: undefined,
    };
    if (this.#epochs === 0 || !(event.key in targets)) return;
    event.preventDefault();
    const target = targets[event.key];
    this.#cursor.epoch = target === undefined ? undefined : Math.min(this.#epochs, Math.max(1, target));
  }

  /** The plotted area, and where its axes end. */
  #frame(): { left: number; right: number; bottom: number; end: number; ticks: Ticks; xTicks: Ticks } {
    const { range, fromZero = false } = this.#settings;
    const [smallest, largest] = range ?? bounds(this.#shown, fromZero);
    const bottom = plotHeight - room.bottom;
    const ticks = niceTicks(smallest, largest, (bottom - room.top) / 36);
    // Digits of the labels, and the name of the axis beside them.
    const left = 28 + 7 * Math.max(...ticks.labels.map((label) => label.length));
    const right = Math.max(left + 20, this.#width - room.right);
    const end = Math.max(1, ...this.#curves.flatMap(({ points }) => points.at(-1)?.[0] ?? []));
    return { left, right, bottom, end, ticks, xTicks: niceTicks(0, end, (right - left) / 80, true) };
  }

  #draw(): void {
    this.#drawLegend();
    this.#plot.setAttribute('aria-label', this.#summary());
    if (this.#width === 0) return;
    const { left, right, bottom, end, ticks, xTicks } = this.#frame();
    const placeX = (x: number): number => left + (x / end) * (right - left);
    const placeY = (y: number): number => bottom - ((y - ticks.from) / (ticks.to - ticks.from)) * (bottom - room.top);
    const picture = svg('svg', { width: this.#width, height: plotHeight, 'aria-hidden': 'true' });
    ticks.values.forEach((value, i) => {
      const y = Math.round(placeY(value)) + 0.5;
      picture.append(
        svg('line', { class: 'grid', x1: left, x2: right, y1: y, y2: y }),
        svg('text', { x: left - 6, y: y + 4, 'text-anchor': 'end' }, ticks.labels[i]!),
      );
    });
    xTicks.values.forEach((value, i) => {
      if (value > end + 1e-9) return;
      const x = Math.round(placeX(value)) + 0.5;
      picture.append(
        svg('line', { class: 'tick', x1: x, x2: x, y1: bottom, y2: bottom + 5 }),
        svg('text', { x, y: bottom + 18, 'text-anchor': 'middle' }, xTicks.labels[i]!),
      );
    });
    const middle = (room.top + bottom) / 2;
    picture.append(
      svg('line', { class: 'axis', x1: left, x2: right, y1: bottom + 0.5, y2: bottom + 0.5 }),
      svg('text', { class: 'name', x: (left + right) / 2, y: plotHeight - 6, 'text-anchor': 'middle' }, 'epoch'),
      svg(
        'text',
        { class: 'name', transform: `translate(13 ${middle}) rotate(-90)`, 'text-anchor': 'middle' },
        this.#settings.unit,
      ),
    );
    if (this.#curves.every(({ points }) => points.length === 0))
      picture.append(
        svg(
          'text',
          { class: 'empty', x: (left + right) / 2, y: middle, 'text-anchor': 'middle' },
          this.#settings.empty,
        ),
      );
    // The first in the legend lies on top.
    for (const { style, points } of this.#shown.toReversed()) {
      const line = svg('path', { class: 'curve', d: pathOf(points, placeX, placeY) });
      paint(line, style);
      picture.append(line, ...lonePoints(points).map(([x, y]) => dot(placeX(x), placeY(y), style)));
    }
    this.#drawCursor(picture, placeX, placeY, bottom);
    this.#plot.replaceChildren(picture);
  }

  #drawCursor(picture: SVGElement, placeX: (x: number) => number, placeY: (y: number) => number, bottom: number): void {
    const { epoch } = this.#cursor;
    if (epoch === undefined || epoch > this.#epochs) return;
    const x = placeX(epoch);
    picture.append(svg('line', { class: 'cursor', x1: x, x2: x, y1: room.top, y2: bottom }));
    for (const curve of this.#shown) {
      const value = valueAt(curve, epoch);
      if (value === undefined) continue;
      picture.append(dot(x, placeY(value), curve.style));
    }
  }

  #drawLegend(): void {
    const epoch = this.#cursor.epoch ?? this.#epochs;
    this.#when.textContent =
      this.#epochs === 0 ? '' : this.#cursor.epoch === undefined ? `latest: epoch ${epoch}` : `epoch ${epoch}`;
    while (this.#legend.children.length > this.#curves.length) this.#legend.lastChild!.remove();
    this.#curves.forEach((curve, i) => {
      const entry = (this.#legend.children[i] ?? this.#legend.appendChild(this.#legendEntry(i))) as HTMLLIElement;
      const [button, value] = [entry.querySelector('button')!, entry.querySelector('.value')!];
      button.setAttribute('aria-pressed', String(!this.#hidden.has(curve.name)));
      entry.querySelector('.name')!.textContent = curve.name;
      paint(entry.querySelector('line')!, curve.style);
      const found = valueAt(curve, epoch);
      value.textContent = found === undefined ? '' : this.#settings.format(found);
    });
  }

  #legendEntry(index: number): HTMLLIElement {
    const sample = svg(
      'svg',
      { width: 26, height: 10, 'aria-hidden': 'true' },
      svg('line', { x1: 1, x2: 25, y1: 5, y2: 5 }),
    );
    const button = html(
      'button',
      { type: 'button', title: 'hide or show this curve' },
      sample,
      html('span', { class: 'name' }),
      ' ',
      html('span', { class: 'value' }),
    );
    button.addEventListener('click', () => {
      const { name } = this.#curves[index]!;
      if (!this.#hidden.delete(name)) this.#hidden.add(name);
      this.#draw();
    });
    return html('li', {}, button);
  }

  /** For those who do not see the curves. */
  #summary(): string {
    const { title, format, unit } = this.#settings;
    const values = this.#curves.flatMap((curve) => {
      const value = valueAt(curve, this.#epochs);
      return value === undefined ? [] : `${curve.name} ${format(value)}`;
    });
    const latest = values.length === 0 ? 'no values yet' : `epoch ${this.#epochs}: ${values.slice(0, 12).join(', ')}`;
    return `${title} (${unit}) over epochs; ${latest}. Arrow keys walk through the epochs.`;
  }
}

/** At the end of an epoch; undefined where the curve has no value there. */
function valueAt({ points }: ChartCurve, epoch: number): number | undefined {
  const value = points.find(([x]) => x >= epoch - 1e-9);
  return value !== undefined && Math.abs(value[0] - epoch) < 1e-9 && Number.isFinite(value[1]) ? value[1] : undefined;
}

function bounds(curves: readonly ChartCurve[], fromZero: boolean): readonly [number, number] {
  let [smallest, largest] = [fromZero ? 0 : Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { points } of curves)
    for (const [, y] of points) {
      if (!Number.isFinite(y)) continue;
      smallest = Math.min(smallest, y);
      largest = Math.max(largest, y);
    }
  return smallest <= largest ? [smallest, largest] : [0, 1];
}

function dot(x: number, y: number, { color }: CurveStyle): SVGElement {
  const circle = svg('circle', { cx: x, cy: y, r: 3.5 });
  circle.style.fill = `var(${color})`;
  return circle;
}

/** Points that no line joins with another. */
function lonePoints(points: ChartCurve['points']): ChartCurve['points'] {
  const has = (i: number): boolean => Number.isFinite(points[i]?.[1]);
  return points.filter((_, i) => has(i) && !has(i - 1) && !has(i + 1));
}

/** Broken where values are missing. */
function pathOf(points: ChartCurve['points'], placeX: (x: number) => number, placeY: (y: number) => number): string {
  let path = '';
  let isDrawing = false;
  for (const [x, y] of points) {
    if (!Number.isFinite(y)) {
      isDrawing = false;
      continue;
    }
    const place = `${placeX(x).toFixed(1)} ${placeY(y).toFixed(1)}`;
    path += isDrawing ? `L${place}` : `M${place}L${place}`;
    isDrawing = true;
  }
  return path;
}
