/**
 * pnpm bench [NAME…] [--json] [--device webgpu]: measures and prints a table, or with --json one line `{"bench", "machine", "rows": [{"case", "unit", "ours", "peer", "peerValue",
 * "ratio"}]}` for each bench; a ratio above 1 means that ours is better. A peer that is absent leaves rows without a ratio, and stderr says so.
 */
import { arch, cpus, platform } from 'node:os';
import { formatTable } from '@voxelgrad/nnunet';
import { closestTo, parseOptions, runCommand } from '@voxelgrad/nnunet/node';
import { VoxelgradError } from '@voxelgrad/tensor';
import { bratsForward } from './brats-forward.ts';
import { conv3d } from './conv3d.ts';
import { conv3dWebgpu } from './conv3d-webgpu.ts';
import { dataWait } from './data-wait.ts';
import { hostWork } from './host-work.ts';
import { isa } from './isa.ts';
import { manyClasses } from './many-classes.ts';
import type { BenchRow } from './measure.ts';
import { memory } from './memory.ts';
import { norm } from './norm.ts';
import { fingerprint, preprocess } from './preprocess.ts';
import { resample } from './resample.ts';
import { startup } from './startup.ts';
import { unetStep } from './unet-step.ts';

const BENCHES: Readonly<Record<string, () => Promise<BenchRow[]>>> = {
  conv3d,
  norm,
  'unet-step': unetStep,
  'brats-forward': bratsForward,
  isa,
  memory,
  'many-classes': manyClasses,
  'host-work': hostWork,
  'data-wait': dataWait,
  resample,
  fingerprint,
  preprocess,
  startup,
};
/** Those that run on WebGPU too. */
const WEBGPU_BENCHES: typeof BENCHES = { conv3d: conv3dWebgpu };

await runCommand(async () => {
  const { options, positionals } = parseOptions(
    {
      name: 'pnpm bench',
      summary: `Measures against named peers: ${Object.keys(BENCHES).join(', ')}. Peak memory is that of a process of its own. PyTorch and scikit-image are those of the interpreter in PEER_PYTHON.`,
      positionals: [{ name: 'name', help: 'Which benches; all by default.', optional: true, many: true }],
      options: {
        json: { type: 'boolean', help: 'Print JSON, one line for each bench.' },
        device: { type: 'string', help: "'cpu', or 'webgpu' for conv3d against TensorFlow.js on the same adapter." },
      },
    },
    process.argv.slice(2),
  );
  const benches = options.device === 'webgpu' ? WEBGPU_BENCHES : BENCHES;
  const names = positionals.length > 0 ? positionals : Object.keys(benches);
  for (const name of names) {
    const bench = benches[name];
    if (bench === undefined) throw unknownBench(name, Object.keys(benches));
    const rows = await bench();
    const machine = `${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores, ${platform()} ${arch()}, Node ${process.version}`;
    if (options.json) console.log(JSON.stringify({ bench: name, machine, rows }));
    else console.log(`${name} on ${machine}\n${tableOf(rows)}\n`);
  }
});

function unknownBench(name: string, known: readonly string[]): VoxelgradError {
  const meant = closestTo(name, known);
  return new VoxelgradError('option', {
    what: `there is no bench named ${name}`,
    expected: known.join(', '),
    ...(meant === undefined ? {} : { help: `did you mean ${meant}?` }),
  });
}

function shown(value: number | null): string {
  return value === null ? '–' : String(Number(value.toPrecision(3)));
}

function tableOf(rows: readonly BenchRow[]): string {
  const details = [...new Set(rows.flatMap((row) => Object.keys(row.details ?? {})))];
  return formatTable({
    header: ['case', 'unit', 'ours', 'peer', 'ratio', ...details],
    rows: rows.map((row) => [
      row.case,
      row.unit,
      shown(row.ours),
      row.peer === null ? '–' : `${row.peer} ${shown(row.peerValue)}`,
      shown(row.ratio),
      ...details.map((name) => String(row.details?.[name] ?? '–')),
    ]),
  });
}
