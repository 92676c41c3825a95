/**
 * How long until something is learnt: from the start of a process to the end of its first training step, on the cpu device against PyTorch. Both import what
 * they need, make the light hippocampus plan's network, and do one step. Sources run as they are in the workspace, so ours includes their translation.
 */
import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { type BenchRow, costRow, interleaved } from './measure.ts';
import { LIGHT_PLAN } from './startup-step.ts';
import { TorchPeer } from './torch-peer.ts';

const ROUNDS = 3;

export async function startup(): Promise<BenchRow[]> {
  const threads = availableParallelism();
  const probe = await TorchPeer.start(threads);
  probe?.stop();
  const peer = async (): Promise<undefined> => {
    const fresh = TorchPeer.spawn(threads);
    await fresh.run({ kind: 'unet_step', ...LIGHT_PLAN });
    fresh.stop();
    return undefined;
  };
  const seconds = await interleaved({ ours: firstStep, ...(probe === undefined ? {} : { peer }) }, ROUNDS);
  return [
    costRow('process start to first training step, light plan, cpu', 's', seconds.ours!, 'PyTorch', seconds.peer),
  ];
}

/** A process that ends after its first step. */
function firstStep(): Promise<undefined> {
  const child = fork(fileURLToPath(new URL('startup-step.ts', import.meta.url)));
  return new Promise((resolve, reject) => {
    child.on('message', () => resolve(undefined));
    child.on('exit', (code) => reject(new Error(`the first step ended with code ${code}`)));
  });
}
