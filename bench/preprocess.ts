/**
 * Fingerprint and preprocessing of the 200 hippocampus cases of the Decathlon, from the start of the process to its end, with two threads or processes: the
 * command `voxelgrad`, whose sources run as they are in the workspace, against nnU-Net's steps with NumPy, SciPy and scikit-image in the Python that
 * PEER_PYTHON names. The peer saves its cases without compression and does not wait for the disk; we compress, sync and rename each.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BenchRow, costRow, interleaved } from './measure.ts';
import { hasModule, PYTHON } from './python-peer.ts';

const DATA = fileURLToPath(new URL('../../shared/data', import.meta.url));
const DATA_SET = 'Dataset004_Hippocampus';
const COMMAND = fileURLToPath(import.meta.resolve('../packages/nnunet/src/command/main.ts'));
const PEER = fileURLToPath(new URL('nnunet-peer.py', import.meta.url));
const THREADS = '2';
const ROUNDS = 3;

export const fingerprint = (): Promise<BenchRow[]> => measure('fingerprint', ['--clean', '--no_pbar']);
export const preprocess = (): Promise<BenchRow[]> =>
  measure('preprocess', ['--clean', '--no_pbar', '-c', '3d_fullres']);

async function measure(work: 'fingerprint' | 'preprocess', words: readonly string[]): Promise<BenchRow[]> {
  if (!existsSync(join(DATA, DATA_SET))) {
    process.stderr.write(`${work} is skipped: there is no ${DATA_SET} in ${DATA}\n`);
    return [];
  }
  const folder = await mkdtemp(join(tmpdir(), 'voxelgrad-bench-'));
  try {
    const voxelgrad = (command: string, ...rest: readonly string[]): Promise<undefined> =>
      run(process.execPath, ['--import', 'tsx', COMMAND, command, '-d', '4', ...rest], {
        nnUNet_raw: DATA,
        nnUNet_preprocessed: join(folder, 'ours'),
      });
    if (work === 'preprocess') {
      await voxelgrad('fingerprint', '--no_pbar', '-np', THREADS);
      await voxelgrad('plan');
    }
    const peer = (): Promise<undefined> =>
      run(PYTHON, [PEER, work, join(DATA, DATA_SET), join(folder, 'peer'), THREADS]);
    const hasPeer = await hasModule('nibabel, skimage.transform, torch', 'nibabel, scikit-image and PyTorch');
    const seconds = await interleaved(
      { ours: () => voxelgrad(work, '-np', THREADS, ...words), ...(hasPeer ? { peer } : {}) },
      ROUNDS,
    );
    return [costRow(`${work}, 200 cases, ${THREADS} threads`, 's', seconds.ours!, "nnU-Net's steps", seconds.peer)];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function run(program: string, words: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<undefined> {
  const child = spawn(program, words, {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, ...environment },
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) =>
      code === 0 ? resolve(undefined) : reject(new Error(`${words.join(' ')}: code ${code}`)),
    );
  });
}
