/** Fetches a file of the folder `assets` in a browser. */
import { VoxelgradError } from '../errors.ts';

/** Where `file` is in `folder`, which may end in a slash or not. */
export const inFolder = (file: string, { href }: URL): URL => new URL(file, href.endsWith('/') ? href : `${href}/`);

/** Throws 'file' with the address where there is no such file. */
export async function fetchAsset(address: URL): Promise<Response> {
  let cause: unknown;
  try {
    const response = await fetch(address);
    if (response.ok) return response;
    cause = new Error(`${response.status} ${response.statusText}`.trim());
  } catch (error) {
    cause = error;
  }
  throw new VoxelgradError('file', {
    what: `${address.href} cannot be fetched: ${(cause as Error).message}`,
    help: "serve the folder assets of @voxelgrad/tensor, and give its address as option 'assets'",
    cause,
  });
}
