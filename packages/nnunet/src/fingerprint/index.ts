export { type CaseFingerprint, combineFingerprints, fingerprintOfCase } from './extract.ts';
export {
  type DatasetFingerprint,
  formatFingerprint,
  type IntensityProperties,
  parseFingerprint,
} from './fingerprint.ts';
export { type Intensities, samplesPerCase } from './foreground-intensities.ts';
