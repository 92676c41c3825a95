/** How nnU-Net names what was trained: `nnUNetTrainer__nnUNetPlans__3d_fullres`, and ensembles of two of those with the folds they hold. */
import { VoxelgradError } from '@voxelgrad/tensor';
import type { Fold } from '../splits/splits.ts';

export interface ModelName {
  readonly trainer: string;
  readonly plans: string;
  readonly configuration: string;
}

export const defaultTrainer = 'nnUNetTrainer';
export const defaultPlans = 'nnUNetPlans';
export const standardConfigurations = ['2d', '3d_fullres', '3d_lowres', '3d_cascade_fullres'] as const;

export const modelFolderName = ({ trainer, plans, configuration }: ModelName): string =>
  `${trainer}__${plans}__${configuration}`;

/**
 * What tells models apart, for people: configurations where trainer and plans are the same for all, those parts of the folder's name that differ otherwise.
 * The name of one, or of an ensemble of several of them.
 */
export function shortNames(all: readonly ModelName[]): (models: readonly ModelName[]) => string {
  const differ = (['trainer', 'plans'] as const).filter((part) => new Set(all.map((model) => model[part])).size > 1);
  return (models) =>
    models.map((model) => [...differ.map((part) => model[part]), model.configuration].join('__')).join(' + ');
}

/** The inverse of modelFolderName. Throws 'format' for any other text. */
export function parseModelFolderName(name: string): ModelName {
  const [trainer, plans, configuration, ...rest] = name.split('__');
  if (trainer && plans && configuration && rest.length === 0) return { trainer, plans, configuration };
  throw new VoxelgradError('format', {
    what: 'folder of a trained model',
    expected: 'TRAINER__PLANS__CONFIGURATION',
    got: name,
  });
}

/** Where a model's validation leaves what it found in each case, for the next stage of a cascade: `…/predicted_next_stage/3d_cascade_fullres`. */
export const nextStageFolder = (modelFolder: string, nextStage: string): string =>
  `${modelFolder}/predicted_next_stage/${nextStage}`;

/** `0_1_2_3_4`; the fold of all cases is 'all'. */
export const foldsName = (folds: readonly Fold[]): string => folds.join('_');

/** '0' → 0, 'all'. Throws 'option'. */
export function parseFold(text: string): Fold {
  if (text === 'all') return text;
  if (/^\d+$/.test(text)) return Number(text);
  throw new VoxelgradError('option', { what: 'fold', expected: '0, 1, 2, … or all', got: `'${text}'` });
}

export const ensembleName = (first: ModelName, second: ModelName, folds: readonly Fold[]): string =>
  `ensemble___${modelFolderName(first)}___${modelFolderName(second)}___${foldsName(folds)}`;
