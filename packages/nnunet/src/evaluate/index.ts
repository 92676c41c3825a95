export { keepLargestComponent } from './components.ts';
export { squaredDistances } from './distance-transform.ts';
export { metricsTable } from './metrics-table.ts';
export { compareLabels, type RegionMetrics } from './overlap.ts';
export {
  labelsOf,
  maskOf,
  parseRegionName,
  type Region,
  regionName,
  type ScoredRegion,
  scoredRegions,
} from './region.ts';
export {
  type CaseMetrics,
  formatSummary,
  namedMetrics,
  parseSummary,
  type Summary,
  summarize,
} from './summary.ts';
export { compareSurfaces, type SurfaceMetrics } from './surface.ts';
