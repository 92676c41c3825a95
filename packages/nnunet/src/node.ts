/** What Node adds: pictures on disk, and commands on a terminal. */
export { savePicture } from './report/node/save-picture.ts';
export * from './terminal/index.ts';
