/** What Node adds: models as ZIP files, pictures on disk, and commands on a terminal. */

export { deviceOptions, onDevice } from './command/device-options.ts';
export { type ExportedModels, exportModels, installModels } from './model-folder/node/exchange.ts';
export { savePicture } from './report/node/save-picture.ts';
export * from './terminal/index.ts';
