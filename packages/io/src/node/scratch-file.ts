/**
 * Floats on disk for as long as they are worked on: written and read at any place. The file has no name from the beginning, so that its room is free again
 * even if the process is killed.
 */
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { VoxelgradError } from '@voxelgrad/tensor';
import { writeError } from './atomic-write.ts';

let counter = 0;

export class ScratchFile {
  readonly #path: string;
  readonly #handle: FileHandle;

  private constructor(path: string, handle: FileHandle) {
    this.#path = path;
    this.#handle = handle;
  }

  /** In `folder`, which must exist. Throws 'file'. */
  static async open(folder: string): Promise<ScratchFile> {
    const path = join(folder, `.scratch.${process.pid}-${counter++}.tmp`);
    const handle = await open(path, 'wx+').catch((cause) => Promise.reject(writeError(path, cause)));
    // A file system that does not let go of names in use lets go at the end.
    await rm(path, { force: true }).catch(() => undefined);
    return new ScratchFile(path, handle);
  }

  /** `at` counts floats. Throws 'file', on a full disk say. */
  async write(at: number, values: Float32Array): Promise<void> {
    const { buffer, byteOffset, byteLength } = values;
    const bytes = new Uint8Array(buffer, byteOffset, byteLength);
    for (let done = 0; done < byteLength; ) {
      const { bytesWritten } = await this.#handle
        .write(bytes, done, byteLength - done, 4 * at + done)
        .catch((cause) => Promise.reject(writeError(this.#path, cause)));
      done += bytesWritten;
    }
  }

  /** Fills `into` from place `at` on, which must have been written. Throws 'file' where it was not. */
  async read(at: number, into: Float32Array): Promise<void> {
    const bytes = new Uint8Array(into.buffer, into.byteOffset, into.byteLength);
    for (let done = 0; done < bytes.length; ) {
      const { bytesRead } = await this.#handle.read(bytes, done, bytes.length - done, 4 * at + done);
      if (bytesRead === 0)
        throw new VoxelgradError('file', { what: this.#path, expected: `${into.length} floats`, got: 'its end' });
      done += bytesRead;
    }
  }

  async remove(): Promise<void> {
    await this.#handle.close().catch(() => undefined);
    await rm(this.#path, { force: true }).catch(() => undefined);
  }
}
