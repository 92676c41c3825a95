/**
 * A whole study by commands alone, as one would type them: two configurations in five folds, the best of them and their ensemble, its postprocessing,
 * predictions of held-out cases, scores. At the end every file is listed beside those that nnU-Net would have left. Started again, it goes on.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writePhantomFiles } from '@voxelgrad/io/node';
import { deviceOptions, formatDuration, type OptionValues, parseOptions, runCommand } from '@voxelgrad/nnunet/node';
import { VoxelgradError } from '@voxelgrad/tensor';
import { compareFiles, type StudyFiles } from './files.ts';

const options = {
  data: { type: 'string', placeholder: 'folder', help: "A data set in nnU-Net's raw layout; phantoms unless told." },
  cases: { type: 'integer', minimum: 5, default: 20, help: 'Phantoms to train on; four more are held out.' },
  epochs: { type: 'integer', minimum: 1, default: 3, help: 'Epochs of each fold.' },
  iterations: { type: 'integer', minimum: 1, default: 20, help: 'Iterations of an epoch.' },
  validationIterations: {
    type: 'integer',
    minimum: 1,
    default: 5,
    help: 'Validation patches after an epoch, in batches.',
  },
  trainer: { type: 'string', aliases: ['-tr'], default: 'voxelgradTrainerAdam', help: 'How to train.' },
  ...deviceOptions,
  out: { type: 'string', short: 'o', default: 'out/cross-validation', help: 'Where everything goes.' },
} as const;

const configurations = ['2d', '3d_fullres'];
const folds = ['0', '1', '2', '3', '4'];
/** Voxels: some millimetres of brain around the tumour, so that planned networks train on a CPU. */
const phantomShape = [40, 56, 48] as const;
const command = fileURLToPath(new URL('../../packages/nnunet/src/command/main.ts', import.meta.url));

type Options = OptionValues<typeof options>;

class Study {
  readonly #options: Options;
  readonly #signal: AbortSignal;
  readonly #root: string;
  readonly #times: [what: string, seconds: number][] = [];

  constructor(given: Options, signal: AbortSignal) {
    this.#options = given;
    this.#signal = signal;
    this.#root = resolve(given.out);
  }

  async run(): Promise<void> {
    for (const name of ['raw', 'preprocessed', 'results']) mkdirSync(this.#at(name), { recursive: true });
    const [dataset, images, truth] = await this.#dataSet();
    const { trainer, epochs, iterations, validationIterations, device, threads } = this.#options;
    await this.#voxelgrad('plan-and-preprocess', '-d', dataset, '-c', ...configurations, '--verify_dataset_integrity');
    const where = ['-device', device, ...(threads === undefined ? [] : ['--threads', String(threads)])];
    const length = ['--epochs', epochs, '--iterations', iterations, '--validation-iterations', validationIterations];
    for (const configuration of configurations)
      for (const fold of folds)
        await this.#voxelgrad(
          ...['train', dataset, configuration, fold, '-tr', trainer, '--npz', '--c'],
          ...where,
          ...length.map(String),
        );
    await this.#voxelgrad('find-best-configuration', dataset, '-tr', trainer);
    const predicted = configurations.map((configuration) => this.#at('predicted', configuration));
    for (const [i, configuration] of configurations.entries())
      await this.#voxelgrad(
        ...['predict', '-i', images, '-o', predicted[i]!, '-d', dataset, '-c', configuration, '-tr', trainer],
        ...['--save_probabilities', '--continue_prediction', ...where],
      );
    await this.#voxelgrad('ensemble', '-i', ...predicted, '-o', this.#at('predicted', 'ensemble'));
    const best = bestOf(this.#at('results', dataset, 'inference_information.json'));
    const final = this.#at('predicted', 'final');
    const source = this.#at('predicted', best.configuration ?? 'ensemble');
    await this.#voxelgrad('apply-postprocessing', '-i', source, '-o', final, '-pp_pkl_file', best.postprocessing);
    const json = this.#at('preprocessed', dataset, 'dataset.json');
    await this.#voxelgrad('evaluate', truth, final, '-djfile', json);
    this.#report({
      root: this.#root,
      dataset,
      trainer,
      configurations,
      folds,
      cases: caseNames(join(this.#at('preprocessed', dataset), 'gt_segmentations')),
      predicted: caseNames(final),
      best: dirname(best.postprocessing),
    });
  }

  #at(...path: string[]): string {
    return join(this.#root, ...path);
  }

  /** The data set's name, the images to predict and their truth. */
  async #dataSet(): Promise<[dataset: string, images: string, truth: string]> {
    if (this.#options.data !== undefined) {
      const folder = resolve(this.#options.data);
      const name = basename(folder);
      if (!existsSync(this.#at('raw', name))) symlinkSync(folder, this.#at('raw', name), 'junction');
      const split = existsSync(join(folder, 'labelsTs')) ? 'Ts' : 'Tr';
      return [name, join(folder, `images${split}`), join(folder, `labels${split}`)];
    }
    const names = ['Phantoms', 'HeldOut'].map((name, i) => ({ name, id: String(901 + i) }));
    for (const [i, { name, id }] of names.entries()) {
      if (existsSync(this.#at('raw', `Dataset${id}_${name}`, 'dataset.json'))) continue;
      const folder = this.#at('phantoms', name);
      const cases = i === 0 ? this.#options.cases : 4;
      await writePhantomFiles(folder, { cases, seed: 1 + i, shape: phantomShape });
      await this.#voxelgrad('convert', '-i', folder, '--id', id, '--name', name);
    }
    const [dataset, heldOut] = names.map(({ name, id }) => `Dataset${id}_${name}`) as [string, string];
    return [dataset, this.#at('raw', heldOut, 'imagesTr'), this.#at('raw', heldOut, 'labelsTr')];
  }

  /** Runs `voxelgrad WORDS…` as a process of its own. */
  async #voxelgrad(...words: string[]): Promise<void> {
    this.#signal.throwIfAborted();
    console.log(`\n$ voxelgrad ${words.join(' ')}`);
    const start = performance.now();
    const roots = ['raw', 'preprocessed', 'results'].map((name) => [`nnUNet_${name}`, this.#at(name)]);
    const environment = { ...process.env, ...Object.fromEntries(roots) };
    const child = spawn(process.execPath, ['--import', 'tsx', command, ...words], {
      env: environment,
      stdio: 'inherit',
    });
    const code = await new Promise<number | null>((done, failed) => child.on('exit', done).on('error', failed));
    this.#signal.throwIfAborted();
    if (code !== 0)
      throw new VoxelgradError('option', {
        what: `voxelgrad ${words[0]}`,
        expected: 'to end well',
        got: `exit code ${code}`,
        help: 'Its own message stands above. The same command goes on from there.',
      });
    this.#times.push([words.slice(0, words[0] === 'train' ? 4 : 1).join(' '), (performance.now() - start) / 1000]);
  }

  #report(study: StudyFiles): void {
    const { lines, missing } = compareFiles(study);
    console.log(`\nfiles below ${this.#root} (= as nnU-Net leaves them, + besides, ! missing):\n${lines.join('\n')}\n`);
    for (const [what, seconds] of this.#times) console.log(`${formatDuration(seconds).padStart(8)}  ${what}`);
    const total = this.#times.reduce((sum, [, seconds]) => sum + seconds, 0);
    console.log(`${formatDuration(total).padStart(8)}  in all`);
    if (missing > 0)
      throw new VoxelgradError('dataset', {
        what: this.#root,
        expected: 'every file of nnU-Net',
        got: `${missing} missing`,
      });
  }
}

const caseNames = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => !/\.(json|csv|png|npz|pkl)$/.test(name))
    .map((name) => name.slice(0, name.indexOf('.')))
    .sort();

/** What find-best-configuration decided: the configuration, unless it is the ensemble, and its postprocessing. */
function bestOf(path: string): { readonly configuration: string | undefined; readonly postprocessing: string } {
  const { selected_model_or_models: models, postprocessing_file } = JSON.parse(readFileSync(path, 'utf8'))
    .best_model_or_ensemble as {
    readonly selected_model_or_models: readonly { readonly configuration: string }[];
    readonly postprocessing_file: string;
  };
  return {
    configuration: models.length === 1 ? models[0]!.configuration : undefined,
    postprocessing: postprocessing_file,
  };
}

await runCommand(async (signal) => {
  const spec = {
    name: 'pnpm example:cross-validation',
    summary:
      'Runs a whole study by commands: plans, five folds of two configurations, the best, an ensemble, predictions, scores.',
    options,
    examples: ['pnpm example:cross-validation', 'pnpm example:cross-validation --epochs 1 --iterations 2 --cases 5'],
  };
  const { options: given } = parseOptions(spec, process.argv.slice(2));
  await new Study(given, signal).run();
});
