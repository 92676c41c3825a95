/** The file that has the spacing of a TIFF, beside it. */

const tiffEnding = /\.tiff?$/i;

/** Its path, whether it is there or not: whoever copies the one copies the other. Undefined for other formats. */
export const sidecarOf = (path: string): string | undefined =>
  tiffEnding.test(path) ? path.replace(tiffEnding, '.json') : undefined;
