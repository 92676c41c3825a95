/** Before the tests in a browser: the page fetches kernels and shaders from `assets`, so they are made anew from the sources. */
export default async function setup(): Promise<void> {
  await import('./build-assets.ts');
}
