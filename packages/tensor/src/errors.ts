/**
 * Every failure that a user can cause or meet is one tagged error: what went wrong, what was expected, what came, and what to do.
 * Callers branch on `code` (`isVoxelgradError(error, 'out-of-memory')`), never on the class or on the text.
 */

export type ErrorCode =
  | 'shape' // tensors whose shapes do not fit an op
  | 'dtype' // a data type that an op or device does not take
  | 'disposed' // a tensor used after dispose()
  | 'autograd' // gradients asked for where there are none
  | 'device' // no such device, or one that lacks what was asked
  | 'device-lost' // the device died; reopen it
  | 'out-of-memory'
  | 'kernel' // a kernel failed to compile or to run
  | 'capture' // a step that cannot be recorded and replayed
  | 'option' // an unknown or impossible option
  | 'file' // a file that is missing, cannot be read or cannot be written
  | 'format' // a file whose content is not what it claims to be
  | 'dataset' // files that do not fit together
  | 'interrupted';

/** What an error says, piece by piece. */
export interface ErrorDetails {
  /** The sentence a user reads first: names the tensor, file or option. */
  readonly what: string;
  readonly expected?: string;
  readonly got?: string;
  /** What to do about it. */
  readonly help?: string;
  readonly cause?: unknown;
}

/** An error of this project. `message` is all of `details` for people; programs look at `code`. */
export class VoxelgradError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, details: ErrorDetails) {
    const between = [
      details.expected === undefined ? '' : `expected ${details.expected}`,
      details.got === undefined ? '' : `got ${details.got}`,
    ].filter((part) => part !== '');
    const head = between.length > 0 ? `${details.what}: ${between.join(', ')}` : details.what;
    super(
      details.help === undefined ? head : `${head}\nhelp: ${details.help}`,
      details.cause === undefined ? undefined : { cause: details.cause },
    );
    this.name = 'VoxelgradError';
    this.code = code;
    this.details = details;
  }
}

/** True for an error of this project, and, where a code is given, of that code. */
export function isVoxelgradError(error: unknown, code?: ErrorCode): error is VoxelgradError {
  return error instanceof VoxelgradError && (code === undefined || error.code === code);
}
