export {
  type DatasetFingerprint,
  formatFingerprint,
  type IntensityProperties,
  parseFingerprint,
} from './fingerprint.ts';
