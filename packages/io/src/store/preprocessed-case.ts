/** What preprocessing makes of a case, in memory: what the store takes and gives back. */

export type Shape3 = readonly [number, number, number];

/** Anything that JSON can say. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/** Where patches with foreground may be centred: voxels of one class, or of a region made of several labels. */
export interface StoredLocations {
  readonly labels: readonly number[];
  /** Linear voxel indices `(z · height + y) · width + x`. */
  readonly voxels: Uint32Array;
}

/** Labels as they come; the store keeps them as int16. */
export type StoredLabels = Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array;

export interface PreprocessedCase {
  /** Depth, height, width in voxels. A 2-D case has depth 1. */
  readonly shape: Shape3;
  readonly channels: number;
  /** `[d, h, w, c]`. */
  readonly data: Float32Array;
  /** `[d, h, w]`; −1 outside of the nonzero region. A case without labels has none. */
  readonly seg?: StoredLabels;
  /** `[d, h, w]`: the segmentation of the stage before, for a cascade. */
  readonly previous?: StoredLabels;
  readonly classLocations?: readonly StoredLocations[];
  /** Linear indices of annotated voxels, for data sets with an ignore label. */
  readonly annotatedLocations?: Uint32Array;
  /** What is needed to lay a prediction over the original image: spacing, shapes before and after cropping and resampling, … */
  readonly properties?: JsonObject;
}
