/** What may be asked of every reader. */
export interface ReadOptions {
  /** Voxels as float32, whatever the file stores: what a network takes. By default the file's own type. */
  readonly as?: 'float32';
}
