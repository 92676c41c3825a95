/** What Node adds: pictures on disk, and commands on a terminal. */

export { type InstallOptions, installModel } from './model-folder/node/install-model.ts';
export { savePicture } from './report/node/save-picture.ts';
export * from './terminal/index.ts';
