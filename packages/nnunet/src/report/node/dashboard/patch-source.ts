/**
 * The patch that pages show: taken from the training while somebody looks, and no more often than is worth its time. A forward pass of one sample is a fraction
 * of a training step; patches are at least `leastSeconds` apart, and so far apart that they take a hundredth of the device's time.
 */
import { isVoxelgradError, type Triple } from '@voxelgrad/tensor';
import type { SegmentationNetwork } from '../../../networks/unet.ts';
import type { Batch } from '../../../train/batch.ts';
import { type PatchSnapshot, takeSnapshot } from '../../../train/patch-snapshot.ts';
import type { OutlinedClass, PatchNotice } from '../../dashboard/messages.ts';
import { encodePatch } from '../../dashboard/patch-bytes.ts';
import { greyWindow } from '../../grey-window.ts';

const leastSeconds = 4;
const shareOfTime = 0.01;

export interface PatchSourceSettings {
  /** Of a voxel, [z, y, x] in mm. */
  readonly spacing: Triple;
  readonly regions: boolean;
  readonly outlined: readonly OutlinedClass[];
  readonly onPatch: (patch: PatchNotice) => void;
  /** There will be no patches, and why. */
  readonly onProblem: (problem: string) => void;
  readonly leastSeconds?: number | undefined;
}

export class PatchSource {
  readonly #settings: PatchSourceSettings;
  #shown: (PatchNotice & { readonly snapshot: PatchSnapshot }) | undefined;
  readonly #encoded = new Map<number, Uint8Array>();
  #nextAt = 0;
  #underWay = false;
  #isOff = false;
  #failure: unknown;

  constructor(settings: PatchSourceSettings) {
    this.#settings = settings;
  }

  get notice(): PatchNotice | undefined {
    return this.#shown && { id: this.#shown.id, iteration: this.#shown.iteration };
  }

  /** Takes a patch of the batch if it is time to. Throws what went wrong on the device since: the training would not hear of it otherwise. */
  offer(batch: Batch, network: SegmentationNetwork, iteration: number): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#isOff || this.#underWay || performance.now() < this.#nextAt) return;
    this.#underWay = true;
    takeSnapshot(batch, network, this.#settings.regions)
      .then((snapshot) => this.#show(snapshot, iteration))
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#underWay = false;
      });
  }

  #fail(error: unknown): void {
    // Training fits into the memory, and a look at it does not.
    this.#isOff = isVoxelgradError(error, 'out-of-memory');
    if (this.#isOff)
      this.#settings.onProblem('There is not enough memory on the device to show patches beside the training.');
    else this.#failure = error;
  }

  #show(snapshot: PatchSnapshot, iteration: number): void {
    const { leastSeconds: least = leastSeconds, onPatch } = this.#settings;
    this.#nextAt = performance.now() + Math.max(1000 * least, snapshot.milliseconds / shareOfTime);
    this.#shown = { id: (this.#shown?.id ?? 0) + 1, iteration, snapshot };
    this.#encoded.clear();
    onPatch({ id: this.#shown.id, iteration });
  }

  /** The patch as bytes for the page; undefined before the first, and for a channel that it does not have. */
  bytes(channel: number): Uint8Array | undefined {
    const known = this.#encoded.get(channel);
    if (known !== undefined || this.#shown === undefined) return known;
    const { id, iteration, snapshot } = this.#shown;
    if (!Number.isInteger(channel) || channel < 0 || channel >= snapshot.channels) return undefined;
    const bytes = encodePatch({
      id,
      iteration,
      channel,
      shape: snapshot.shape,
      spacing: this.#settings.spacing,
      classes: this.#settings.outlined,
      regions: this.#settings.regions,
      grey: greysOf(snapshot, channel),
      truth: Uint32Array.from(snapshot.truth),
      prediction: Uint32Array.from(snapshot.prediction),
    });
    this.#encoded.set(channel, bytes);
    return bytes;
  }
}

function greysOf({ image, channels }: PatchSnapshot, channel: number): Uint8Array {
  const values = Float32Array.from(
    { length: image.length / channels },
    (_, voxel) => image[voxel * channels + channel]!,
  );
  const [black, white] = greyWindow(values);
  const greys = Uint8ClampedArray.from(values, (value) => (255 * (value - black)) / (white - black || 1));
  return new Uint8Array(greys.buffer);
}
