/** Every file of a study beside those that nnU-Net's commands would have left (nnunetv2 2.8). Names of cases are put together. */
import { readdirSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

export interface StudyFiles {
  readonly root: string;
  readonly dataset: string;
  readonly trainer: string;
  readonly configurations: readonly string[];
  readonly folds: readonly string[];
  /** Of the data set. */
  readonly cases: readonly string[];
  /** Of the predictions. */
  readonly predicted: readonly string[];
  /** The folder of the best model or ensemble in cross-validation. */
  readonly best: string;
}

export interface Compared {
  readonly lines: readonly string[];
  /** Files that nnU-Net would have left and that are not there. */
  readonly missing: number;
}

/** One entry for each kind of file: `…/validation/CASE.nii.gz`, and how many. */
export function compareFiles(study: StudyFiles): Compared {
  const found = countOf(
    filesBelow(study.root).filter((path) => !/^(phantoms|raw)\//.test(path)),
    study,
  );
  const expected = countOf(officialFiles(study), study);
  const names = [...new Set([...found.keys(), ...expected.keys()])].sort();
  let missing = 0;
  const lines = names.map((name) => {
    const [there, official] = [found.get(name) ?? 0, expected.get(name) ?? 0];
    missing += Math.max(0, official - there);
    const mark = there < official ? '!' : official > 0 ? '=' : '+';
    return `  ${mark} ${name}${there > 1 ? `  × ${there}` : ''}${there < official ? `  of ${official}` : ''}`;
  });
  return { lines, missing };
}

/** Stores of preprocessed cases are one file: what is in them is no business of nnU-Net's. */
function filesBelow(root: string): string[] {
  const isStore = (folder: string): boolean => /preprocessed\/[^/]+\/[^/]+_(2d|3d_\w+)\/[^/]+$/.test(folder);
  const walk = (folder: string): string[] =>
    readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
      const path = join(folder, entry.name);
      if (!entry.isDirectory() || isStore(path.split(sep).join('/')))
        return [relative(root, path).split(sep).join('/')];
      return walk(path);
    });
  return walk(root);
}

function countOf(paths: readonly string[], { cases, predicted, folds }: StudyFiles): Map<string, number> {
  const names = new Set([...cases, ...predicted]);
  const counts = new Map<string, number>();
  for (const path of paths) {
    const parts = path.split('/');
    const last = parts.pop()!;
    const [, stem, ending] = /^([^.]*)(.*)$/.exec(last)!;
    const kind = names.has(stem!) ? `CASE${ending}` : last.replace(/_\d{4}(_\d\d?){2}(_\d\d){3}\.txt$/, '_TIME.txt');
    const folder = parts.map((part) => (folds.some((fold) => part === `fold_${fold}`) ? 'fold_N' : part));
    const name = [...folder, kind].join('/');
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

function officialFiles({
  root,
  dataset,
  trainer,
  configurations,
  folds,
  cases,
  predicted,
  best,
}: StudyFiles): string[] {
  const of = (folder: string, ...names: string[]): string[] => names.map((name) => `${folder}/${name}`);
  const each = (names: readonly string[], ...endings: string[]): string[] =>
    names.flatMap((name) => endings.map((ending) => name + ending));
  const image = '.nii.gz';
  const preprocessed = `preprocessed/${dataset}`;
  const results = `results/${dataset}`;
  const files = [
    ...of(preprocessed, 'dataset.json', 'dataset_fingerprint.json', 'nnUNetPlans.json', 'splits_final.json'),
    ...of(`${preprocessed}/gt_segmentations`, ...each(cases, image)),
    ...of(results, 'inference_information.json', 'inference_instructions.txt'),
  ];
  const merged = (folder: string): string[] =>
    of(folder, ...each(cases, image), 'summary.json', 'plans.json', 'dataset.json');
  const name = `crossval_results_folds_${folds.join('_')}`;
  const models = configurations.map((configuration) => `${trainer}__nnUNetPlans__${configuration}`);
  for (const [i, configuration] of configurations.entries()) {
    const model = `${results}/${models[i]}`;
    // nnU-Net keeps a case in three files, .b2nd and .pkl; here it is a folder.
    files.push(...of(`${preprocessed}/nnUNetPlans_${configuration}`, ...cases));
    files.push(...of(model, 'plans.json', 'dataset.json', 'dataset_fingerprint.json'), ...merged(`${model}/${name}`));
    for (const fold of folds)
      files.push(
        ...of(`${model}/fold_${fold}`, 'checkpoint_best.pth', 'checkpoint_final.pth', 'debug.json', 'progress.png'),
        ...of(`${model}/fold_${fold}`, 'training_log_2026_1_1_00_00_00.txt', 'validation/summary.json'),
      );
    files.push(...of(`${model}/fold_0/validation`, ...each(cases, image, '.npz', '.pkl')));
    const output = `predicted/${configuration}`;
    files.push(...of(output, 'dataset.json', 'plans.json', 'predict_from_raw_data_args.json'));
    files.push(...of(output, ...each(predicted, image, '.npz', '.pkl')));
  }
  files.push(...merged(`${results}/ensembles/ensemble___${models.join('___')}___${folds.join('_')}`));
  const chosen = relative(root, best).split(sep).join('/');
  files.push(...of(chosen, 'postprocessing.json', 'postprocessing.pkl', 'postprocessed/summary.json'));
  files.push(...of(`${chosen}/postprocessed`, ...each(cases, image)));
  files.push(...of('predicted/ensemble', 'dataset.json', ...each(predicted, image)));
  files.push(...of('predicted/final', 'summary.json', ...each(predicted, image)));
  return files;
}
