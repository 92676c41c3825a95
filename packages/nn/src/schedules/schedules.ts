/** Learning rates as functions of progress. `step` and `steps` may be epochs or iterations. */

/** nnU-Net's: `initial · (1 − step / steps)^0.9`. */
export const polynomial = (initial: number, step: number, steps: number, exponent = 0.9): number =>
  initial * (1 - Math.min(step, steps) / steps) ** exponent;

/** Half a cosine from `initial` to `final`. */
export const cosine = (initial: number, step: number, steps: number, final = 0): number =>
  final + ((initial - final) * (1 + Math.cos((Math.PI * Math.min(step, steps)) / steps))) / 2;

/** Cosine restarted every `period` steps (SGDR, Loshchilov & Hutter 2017; NVIDIA's recipe uses a period of 4096 and a floor). */
export const cosineRestarts = (initial: number, step: number, period: number, final = 0): number =>
  cosine(initial, step % period, period, final);

/** Rises linearly over `warmUpSteps`, then follows `after`, which gets the steps since. */
export const warmUp = (initial: number, step: number, warmUpSteps: number, after: (step: number) => number): number =>
  step < warmUpSteps ? (initial * (step + 1)) / warmUpSteps : after(step - warmUpSteps);

/** Rises linearly from 0 over `warmUpSteps`, then falls by half a cosine to 0 at `steps` (MONAI's WarmupCosineSchedule; NVIDIA's recipe of 2021 rises over 250). */
export const warmUpCosine = (initial: number, step: number, warmUpSteps: number, steps: number): number =>
  step < warmUpSteps
    ? (initial * step) / warmUpSteps
    : cosine(initial, step - warmUpSteps, Math.max(1, steps - warmUpSteps));
