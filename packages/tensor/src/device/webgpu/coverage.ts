/** Which shaders ran on a device, and in how many variants: tests print what of the WGSL they have executed. */

export class KernelCoverage {
  private readonly variants = new Map<string, Set<number>>();

  ran(shader: string, variant: number): void {
    let known = this.variants.get(shader);
    if (known === undefined) {
      known = new Set();
      this.variants.set(shader, known);
    }
    known.add(variant);
  }

  /** Shader names with the number of variants that ran, sorted by name. */
  report(): Record<string, number> {
    const entries = [...this.variants].map(([shader, ran]) => [shader, ran.size] as const);
    return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}
