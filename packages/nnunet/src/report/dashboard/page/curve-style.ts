/** How curves are told apart: by colour, and by dashes where there are more curves than colours. Colours are variables of the style sheet, which has them for light and dark. */

export interface CurveStyle {
  /** Name of a custom property. */
  readonly color: string;
  readonly width: number;
  readonly dash?: string;
}

export const styles = {
  training: { color: '--training', width: 2 },
  validation: { color: '--validation', width: 2, dash: '7 3' },
  iterations: { color: '--iterations', width: 1 },
  mean: { color: '--mean', width: 1.5, dash: '5 4' },
  moving: { color: '--mean', width: 3 },
} as const satisfies Record<string, CurveStyle>;

const classColors = 6;
const dashes = ['', '8 3', '2 3', '10 3 2 3'];

export function classStyle(index: number): CurveStyle {
  const dash = dashes[Math.floor(index / classColors) % dashes.length]!;
  return { color: `--class-${index % classColors}`, width: 1.5, ...(dash === '' ? {} : { dash }) };
}

/** What a curve looks like, on any line. */
export function paint(line: SVGElement, { color, width, dash }: CurveStyle): void {
  line.style.stroke = `var(${color})`;
  line.setAttribute('stroke-width', String(width));
  if (dash !== undefined) line.setAttribute('stroke-dasharray', dash);
}
