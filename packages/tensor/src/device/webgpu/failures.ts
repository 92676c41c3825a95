/**
 * Where asynchronous errors wait for someone to tell. WebGPU reports most errors after the call that caused them; here the first one is kept
 * and rejects the next read. A lost device rejects every read that is under way and all that follow.
 */
import type { VoxelgradError } from '../../errors.ts';

export class Failures {
  private first: VoxelgradError | undefined;
  private lost: VoxelgradError | undefined;
  private readonly waiting = new Set<(error: VoxelgradError) => void>();

  /** Keeps the first error since the last read; what follows from it is not news. */
  record(error: VoxelgradError): void {
    this.first ??= error;
  }

  /** Rejects all waits, now and later. */
  lose(error: VoxelgradError): void {
    if (this.lost !== undefined) return;
    this.lost = error;
    for (const reject of this.waiting) reject(error);
    this.waiting.clear();
  }

  /** Throws if the device is lost. */
  checkAlive(): void {
    if (this.lost !== undefined) throw this.lost;
  }

  /** Throws the kept error, once, or the loss of the device. */
  throwFirst(): void {
    this.checkAlive();
    const error = this.first;
    this.first = undefined;
    if (error !== undefined) throw error;
  }

  /** `promise`, but rejected as soon as the device is lost (its own promises may then never settle). */
  untilLost<T>(promise: Promise<T>): Promise<T> {
    if (this.lost !== undefined) return Promise.reject(this.lost);
    return new Promise<T>((resolve, reject) => {
      this.waiting.add(reject);
      const settle = (): void => void this.waiting.delete(reject);
      promise.then(
        (value) => {
          settle();
          resolve(value);
        },
        (error: unknown) => {
          settle();
          reject(this.lost ?? error);
        },
      );
    });
  }
}
