/**
 * What AMD's real compiler (Mesa's ACO) makes of the WebGPU matrix products, on a machine without a GPU: for each kernel that the defaults choose
 * for a layer of nnU-Net, the share of fused multiply-adds among the vector-ALU instructions of one pass of its loop over K, gather included, and
 * as details those of its innermost loop, registers, spills, and the waves that fit a SIMD. How often inner loops run follows from the
 * constants in the shader. Of other kernels it tells registers, spills and waves. The peer is TensorFlow.js's conv3d.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type CompiledPipeline, fusedShare, readPipelines, type Share } from '../tools/vulkan/machine-code.ts';
import type { BenchRow } from './measure.ts';

const GPUS = { RDNA2: 'navi21', RDNA3: 'gfx1100' } as const;
/** Of an axis: how often the loops run that find out which taps of a voxel lie inside. */
const TAPS = 3;
/** Waves that a SIMD holds at most. */
const MOST_WAVES = 16;
const PEER = 'TensorFlow.js';

/** The pipelines of isa-kernels.ts compiled for `gpu`, ours in waves of 32 lanes, the peer's as Dawn takes them; empty, with the reason on stderr, where Mesa's driver is not installed. */
async function compileFor(gpu: string, what: 'ours' | 'peer'): Promise<readonly CompiledPipeline[]> {
  const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
  const command = [process.execPath, '--import', 'tsx', file('isa-kernels.ts'), what];
  // The driver's megabytes go to a file: a pipe would be full before it is read.
  const folder = await mkdtemp(join(tmpdir(), 'voxelgrad-isa-'));
  const log = await open(join(folder, 'log'), 'w');
  const child = spawn(file('../tools/vulkan/with-amd-compiler'), command, {
    cwd: file('.'),
    stdio: ['ignore', 'ignore', log.fd],
    env: { ...process.env, GPU: gpu, ISA: '1', ...(what === 'ours' ? { VOXELGRAD_SUBGROUP_SIZE: '32' } : {}) },
  });
  const code = await new Promise<number | null>((resolve) =>
    child.on('close', resolve).on('error', () => resolve(null)),
  );
  await log.close();
  const text = await readFile(join(folder, 'log'), 'utf8');
  await rm(folder, { recursive: true });
  for (const notice of text.match(/^no peer: .*$/gm) ?? []) process.stderr.write(`${notice}\n`);
  if (code !== 0) process.stderr.write(`nothing was compiled for ${gpu}: ${text.slice(-2000)}\n`);
  return code === 0 ? readPipelines(text) : [];
}

interface Loops {
  readonly innermost: Share;
  /** One pass of the loop over K, everything in it included. */
  readonly whole: Share;
}

function loopsOf({ label, constants, code }: CompiledPipeline): Loops | undefined {
  const nest = code.nest();
  const [outermost, innermost] = [nest[0], nest.at(-1)];
  if (outermost === undefined || innermost === undefined) return undefined;
  const number = (name: string): number => Number(constants[name] ?? Number.NaN);
  if (constants.TILE_K === undefined) {
    // A plain loop over 3×3×3 taps and quads of 32 channels.
    const trips = [3, 3, 8].slice(-(nest.length - 1));
    return { innermost: code.within(innermost), whole: code.pass(nest, trips) };
  }
  const perSlice = number('TILE_K') * number('RESULTS_M') * number('RESULTS_N');
  // The weight gradient lists as many voxels as there are threads, then walks them slice by slice.
  const slices = label.endsWith('weight-gradient') ? (number('THREADS_M') * number('THREADS_N')) / number('TILE_K') : 1;
  const unrolled = code.within(innermost).fused >= perSlice;
  const inner = unrolled ? code.stretch(innermost) : code.within(innermost);
  const trips = nest.slice(1).map(() => 1);
  if (!unrolled) trips[trips.length - 1] = perSlice / inner.fused;
  if (slices > 1) trips[0] = slices * (trips.length === 1 && !unrolled ? trips[0]! : 1);
  return { innermost: inner, whole: code.pass(nest, trips, TAPS) };
}

function nameOf({ label, constants }: CompiledPipeline): string {
  if (label === 'conv3d/gemm') {
    if (constants.DATA_GRADIENT === true) return 'data gradient';
    return constants.MOMENTS === true ? 'forward, moments for the norm' : 'forward';
  }
  return label === 'conv3d/weight-gradient' ? 'weight gradient' : 'matmul';
}

const percent = (share: Share): number => Number((100 * fusedShare(share)).toFixed(1));

function tileOf({ constants }: CompiledPipeline): string {
  if (constants.TILE_K === undefined) return '';
  const rows = Number(constants.THREADS_M) * Number(constants.RESULTS_M);
  const columns = Number(constants.THREADS_N) * Number(constants.RESULTS_N);
  return `${rows}x${columns}x${Number(constants.TILE_K)}${constants.DOUBLE_BUFFERED === true ? ' double' : ''}`;
}

const occupancyOf = ({ registers, spills, waves, workgroupBytes }: CompiledPipeline) => ({
  registers,
  spills,
  waves: Math.min(waves, MOST_WAVES),
  'workgroup bytes': workgroupBytes,
});

/** A kernel that is no matrix product: how well it hides the memory's latency is what there is to say. */
const otherRowOf = (gpu: string, pipeline: CompiledPipeline): BenchRow => ({
  case: `${gpu} ${pipeline.purpose} ${pipeline.label}`,
  unit: 'waves a SIMD',
  ours: Math.min(pipeline.waves, MOST_WAVES),
  peer: null,
  peerValue: null,
  ratio: null,
  details: occupancyOf(pipeline),
});

function rowOf(gpu: string, pipeline: CompiledPipeline, peer: number | undefined): BenchRow | undefined {
  const loops = loopsOf(pipeline);
  if (loops === undefined) return undefined;
  const { purpose } = pipeline;
  const ours = percent(loops.whole);
  return {
    case: `${gpu} ${purpose} ${nameOf(pipeline)}`,
    unit: '% FMA of loop over K',
    ours,
    peer: peer === undefined ? null : PEER,
    peerValue: peer ?? null,
    ratio: peer === undefined ? null : Number((ours / peer).toFixed(2)),
    details: {
      tile: tileOf(pipeline),
      'innermost %': percent(loops.innermost),
      conversions: loops.innermost.conversions,
      ...occupancyOf(pipeline),
    },
  };
}

export interface IsaRows {
  /** Matrix products that the defaults choose. */
  readonly products: BenchRow[];
  /** Those that they do not. */
  readonly candidates: BenchRow[];
  /** All other kernels, and the peer's. */
  readonly others: BenchRow[];
}

/** What one GPU's compiler makes of all kernels. */
export async function rowsFor(name: keyof typeof GPUS): Promise<IsaRows> {
  const pipelines = await compileFor(GPUS[name], 'ours');
  const peers = await compileFor(GPUS[name], 'peer');
  const peer = peers.find(({ purpose, code }) => purpose === PEER && code.nest().length > 0);
  const peerLoops = peer && loopsOf(peer);
  const products = pipelines.filter(({ constants }) => constants.TILE_K !== undefined);
  const isCandidate = ({ constants }: CompiledPipeline): boolean => constants.DOUBLE_BUFFERED === true;
  const rowsOf = (of: readonly CompiledPipeline[]): BenchRow[] =>
    of.flatMap((pipeline) => rowOf(name, pipeline, peerLoops && percent(peerLoops.whole)) ?? []);
  const others = pipelines.filter(({ constants }) => constants.TILE_K === undefined);
  return {
    products: rowsOf(products.filter((pipeline) => !isCandidate(pipeline))),
    candidates: rowsOf(products.filter(isCandidate)),
    others: [...distinct(others), ...(peer === undefined ? [] : [peer])].map((pipeline) => otherRowOf(name, pipeline)),
  };
}

/** Each shader of each purpose once, though the purpose may want it with several preambles: the one that takes the most registers. */
function distinct(pipelines: readonly CompiledPipeline[]): CompiledPipeline[] {
  const heaviest = new Map<string, CompiledPipeline>();
  for (const pipeline of pipelines) {
    const key = `${pipeline.purpose} ${pipeline.label}`;
    const known = heaviest.get(key);
    if (known === undefined || pipeline.registers > known.registers) heaviest.set(key, pipeline);
  }
  return [...heaviest.values()];
}

export async function isa(): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const name of ['RDNA2', 'RDNA3'] as const) {
    const { products, candidates, others } = await rowsFor(name);
    rows.push(...products, ...candidates, ...others);
  }
  return rows;
}
