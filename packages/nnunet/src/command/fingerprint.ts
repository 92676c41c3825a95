/** `voxelgrad fingerprint`: nnUNetv2_extract_fingerprint. */
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { assertIntegrity, checkIntegrity, imageReaderOf, readDatasetJson } from '@voxelgrad/io/datasets';
import { openFile, writeFileAtomic } from '@voxelgrad/io/node/disk';
import { fingerprintFile, formatFingerprint } from '../fingerprint/fingerprint.ts';
import { extractFingerprint } from '../fingerprint/node/extract-fingerprint.ts';
import { type CommandContext, defineCommand } from './command.ts';
import {
  checkOption,
  dataSetOptions,
  defaultThreads,
  type FoundDataSet,
  findDataSets,
  openRaw,
  reportCases,
} from './planning-options.ts';

export interface FingerprintOptions {
  readonly fingerprintProcesses: number;
  readonly clean: boolean;
  readonly verifyDatasetIntegrity: boolean;
  readonly progress: boolean;
  readonly verbose: boolean;
}

export const fingerprintOptions = {
  fingerprintProcesses: {
    type: 'integer',
    minimum: 1,
    default: defaultThreads,
    aliases: ['-npfp'],
    help: 'Threads that read cases.',
  },
  extractor: {
    type: 'choice',
    choices: ['DatasetFingerprintExtractor'],
    default: 'DatasetFingerprintExtractor',
    aliases: ['-fpe'],
    help: "nnU-Net's class that extracts; voxelgrad has its only one.",
  },
  clean: { type: 'boolean', help: 'Extract again, even where there is a fingerprint.' },
  ...checkOption,
} as const;

export const fingerprint = defineCommand(
  {
    name: 'voxelgrad fingerprint',
    options: {
      ...dataSetOptions,
      ...fingerprintOptions,
      fingerprintProcesses: { ...fingerprintOptions.fingerprintProcesses, aliases: ['-npfp', '-np'] },
    },
    examples: ['voxelgrad fingerprint -d 4', 'voxelgrad fingerprint -d 4 5 --verify_dataset_integrity -npfp 8'],
  },
  async ({ options }, context) => {
    for (const dataSet of await findDataSets(options, context)) await makeFingerprint(dataSet, options, context);
  },
);

/** Writes dataset_fingerprint.json, unless it is there. */
export async function makeFingerprint(
  found: FoundDataSet,
  options: FingerprintOptions,
  context: CommandContext,
): Promise<void> {
  const dataSet = await openRaw(found);
  if (options.verifyDatasetIntegrity) {
    const bar = reportCases(`${found.name}: check`, dataSet.cases.length, options, context);
    const report = await checkIntegrity(dataSet, {
      onCase: (name) => {
        bar.advance(name);
        context.signal.throwIfAborted();
      },
    });
    bar.finish();
    for (const warning of report.warnings) context.print(`warning: ${warning}`);
    assertIntegrity(report);
  }
  const path = join(found.preprocessedFolder, fingerprintFile);
  if (existsSync(path) && !options.clean) {
    context.print(`${path} is there already; --clean makes it again`);
    return;
  }
  const description = await readDatasetJson(await openFile(join(found.rawFolder, 'dataset.json')));
  const bar = reportCases(`${found.name}: fingerprint`, dataSet.cases.length, options, context);
  const extracted = await extractFingerprint(dataSet, {
    folder: found.rawFolder,
    reader: { image_reader_writer: imageReaderOf(description) },
    threads: options.fingerprintProcesses,
    signal: context.signal,
    onCase: (name) => bar.advance(name),
  });
  bar.finish();
  await mkdir(found.preprocessedFolder, { recursive: true });
  await writeFileAtomic(path, formatFingerprint(extracted));
  context.print(path);
}
