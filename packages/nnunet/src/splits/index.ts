export { NumpyRandomState } from './numpy-random.ts';
export { crossValidationSplits, type Fold, type Split, splitOfFold } from './splits.ts';
export { casesOnBothSides, formatSplits, parseSplits } from './splits-file.ts';
