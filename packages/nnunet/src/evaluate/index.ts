export { type Components, connectedComponents, keepLargestComponent } from './components.ts';
export { squaredDistances } from './distance-transform.ts';
export { compareLabels, type RegionMetrics } from './overlap.ts';
export { labelsOf, maskOf, parseRegionName, type Region, regionName } from './region.ts';
export {
  type CaseMetrics,
  formatSummary,
  namedMetrics,
  parseSummary,
  type Summary,
  summarize,
} from './summary.ts';
export { compareSurfaces, type SurfaceMetrics } from './surface.ts';
