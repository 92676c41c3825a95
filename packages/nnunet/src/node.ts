/** What Node adds: models as ZIP files, pictures on disk, and commands on a terminal. */

export { deviceOptions, onDevice } from './command/device-options.ts';
export { type ExportedModels, exportModels, installModels } from './model-folder/node/exchange.ts';
export type { RunEnd, Setting } from './report/dashboard/messages.ts';
export { resultRows } from './report/dashboard/result-rows.ts';
export { Dashboard, type DashboardRun, type DashboardSource } from './report/node/dashboard/dashboard.ts';
export { dashboardOptions, withDashboard } from './report/node/dashboard/with-dashboard.ts';
export { savePicture } from './report/node/save-picture.ts';
export * from './terminal/index.ts';
